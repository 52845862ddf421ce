"""The step `guardrails`, and its parts."""

from middleware.guardrails.settings import GuardrailsSettings
from middleware.guardrails.step import Guardrails

__all__ = ["Guardrails", "GuardrailsSettings"]
