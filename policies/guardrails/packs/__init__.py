"""Rules that come with Burnish, by the name that a configuration asks for them by."""
