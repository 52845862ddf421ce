"""What the rules for secrets and personal data cost and find. `python -m benchmarks.guardrails.rules`."""
