"""Runs in SQLite and PostgreSQL: one schema, one set of queries."""
