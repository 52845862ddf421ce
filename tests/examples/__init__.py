"""The examples: each is installed and driven as a user would."""
