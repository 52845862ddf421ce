"""Where records are kept: the journal, SQLite and PostgreSQL, sessions."""
