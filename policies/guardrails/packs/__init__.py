"""Rules that come with Burnish, by the name that a configuration asks for them by."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policies.guardrails.packs.pii import PII
from policies.guardrails.packs.secrets import SECRETS
from policies.guardrails.rule import Rule

PACKS: Final[Mapping[str, tuple[Rule, ...]]] = MappingProxyType({"secrets": SECRETS, "pii": PII})
