"""Checks of an answer that give the same verdict every time, and ask no model."""
