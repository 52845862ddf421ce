"""The small models that Burnish runs itself: where they come from, and the server of the one that talks."""
