"""From what guardrails found to incidents, and from confirmed incidents back to the rules that workers go by."""
