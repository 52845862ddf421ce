"""Burnish's configuration: the YAML, validated whole, as frozen models."""
