"""Offline: what reads scored runs and proposes candidate variants."""
