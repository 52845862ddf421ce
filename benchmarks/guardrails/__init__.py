"""What guardrails find, what they miss, and what they cost."""
