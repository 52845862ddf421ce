"""Tests of Burnish, laid out as the source is."""
