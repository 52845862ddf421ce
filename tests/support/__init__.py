"""What tests share: a scripted provider, and environments for real clients."""
