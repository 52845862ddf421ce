"""The step that checks answers and has those that fail revised, if that is worth it."""

from middleware.self_critique.settings import SelfCritiqueSettings
from middleware.self_critique.step import SelfCritique

__all__ = ["SelfCritique", "SelfCritiqueSettings"]
