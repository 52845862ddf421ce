"""The real small model."""

from tests.support.small_model import small_model

__all__ = ["small_model"]
