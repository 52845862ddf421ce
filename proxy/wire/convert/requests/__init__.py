"""Requests from one API's words into another's: a reader and a writer for each, and what they have in common."""
