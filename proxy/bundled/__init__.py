"""The small model that Burnish runs itself when no provider's key is set: where it comes from, and its server."""
