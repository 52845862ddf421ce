"""Tests that what a pattern found has to pass, by the names that rules know them by; those for secrets are here."""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from policies.guardrails import numbers

Check: TypeAlias = Callable[[str], bool]

_BITS: Final = 2.75
_LAST: Final = 24
"""Characters at the end that are judged: what stands before may be a prefix that all have."""
_PLACEHOLDER: Final = re.compile(
    r"(?i)x{4}|\*{3}|\.{3}|your|example|placeholder|changeme|redacted|dummy|sample|insert|12345678|abcdefgh|todo"
    r"|env\b|environ|getenv|config\.|process\.|\$[A-Za-z{(]|\{\{|^%|<|\("
)
"""What stands where a secret will, or says where it is."""


def varied(told: str) -> bool:
    """2.75 bits a character, which a key has by chance and a row of stars has not."""
    return bits(told[-_LAST:]) >= _BITS and "xxxxx" not in told.lower()


def random(told: str) -> bool:
    """As `varied`, with digits among the rest, and no word that stands for a secret or says where it is."""
    return any(map(str.isdigit, told)) and not _PLACEHOLDER.search(told) and bits(told) >= _BITS


def password(told: str) -> bool:
    """A digit or sign among letters, and no placeholder."""
    kinds = any(map(str.isalpha, told)) + any(map(str.isdigit, told)) + (not told.strip(".:!?").isalnum())
    return kinds > 1 and not _PLACEHOLDER.search(told) and len(set(told)) > 3


def password_of_url(told: str) -> bool:
    """Any but what stands for one."""
    return told.lower() not in _STAND_INS and not _PLACEHOLDER.search(told)


_STAND_INS: Final = frozenset({"password", "passwd", "pass", "pwd", "pw", "secret", "token", "port", "user", "foo"})


def bits(told: str) -> float:
    """Shannon's entropy of the characters, in bits each."""
    counts = Counter(told).values()
    return -sum(count / len(told) * math.log2(count / len(told)) for count in counts)


CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        check.__name__: check
        for check in (
            *(varied, random, password, password_of_url),
            *(numbers.luhn, numbers.card, numbers.iban, numbers.us_ssn, numbers.uk_nino, numbers.nhs, numbers.es_nif),
            *(numbers.br_cpf, numbers.sg_nric, numbers.verhoeff, numbers.phone, numbers.ip_address, numbers.email),
            numbers.wallet,
        )
    }
)
