"""Who is calling: the agent by its key, the user by a hash, the session by header, body or transcript."""
