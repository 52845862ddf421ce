"""Offline: scorers, datasets, replay and the gates. Reads records; reaches the chain only as a `Handler`."""
