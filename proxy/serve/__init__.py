"""`burnish serve`: one supervisor, its workers, its background process, and the small model if one is needed."""
