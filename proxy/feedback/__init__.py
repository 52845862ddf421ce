"""What people and programs say of runs: read, checked, and kept as scores."""
