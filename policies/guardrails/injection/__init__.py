"""Prompt injection: text that gives a model orders which its user did not give. Cheap rules, and a small classifier."""
