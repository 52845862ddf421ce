"""Rules for secrets in text: keys, tokens, passwords, card numbers. Each is a rule's name, and what it saw."""

import re
from collections.abc import Iterator
from typing import Final

from policies.guardrails.injection.reading import Reading

Found = tuple[str, str]

_KEY: Final = re.compile(
    r"\b(?:sk|pk|rk)[-_](?:[A-Za-z0-9]{1,12}[-_]){0,3}[A-Za-z0-9_-]{20,}|\bA(?:KIA|SIA)[A-Z0-9]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{22,}|\bglpat-[\w-]{20,}|\bxox[abeoprs]-[\w-]{10,}|\bAIza[\w-]{30,}"
    r"|\bhf_[A-Za-z0-9]{30,}|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[\w-]{40,}|\bya29\.[\w-]{20,}|\bSG\.[\w-]{16,}\.[\w-]{16,}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{5,}"
)
_KEY_HINTS: Final = (
    "sk-", "sk_", "pk-", "pk_", "rk-", "rk_", "AKIA", "ASIA", "gh", "glpat-", "xox", "AIza", "hf_", "npm_", "pypi-",
    "ya29.", "SG.", "eyJ",
)  # fmt: skip
_PASSWORD: Final = re.compile(
    r"\b(?:password|passwd|pwd|passphrase|api[ _-]?key|secret(?:[ _-]?key)?|access[ _-]?token|auth[ _-]?token)"
    r"[\"']? ?(?:[:=]|is) ?[\"'`]?(?=[^\s\"'`]{0,40}\d)[^\s\"'`]{8,}"
)
_PASSWORD_HINTS: Final = frozenset(
    {"password", "passwd", "pwd", "passphrase", "key", "apikey", "api_key", "secret", "secretkey", "secret_key"}
    | {"token", "accesstoken", "access_token", "authtoken", "auth_token"}
)
_DIGITS: Final = re.compile(r"\d(?:[ -]?\d){12,}")

_LONGEST_CARD: Final = 19


def find_secret(text: str, reading: Reading) -> Iterator[Found]:
    if "-----BEGIN" in text and "PRIVATE KEY" in text:
        yield "secret.private_key", "it holds a private key"
    if any(hint in text for hint in _KEY_HINTS) and _KEY.search(text):
        yield "secret.key", "it holds an access key or token"
    if not _PASSWORD_HINTS.isdisjoint(reading.words) and _PASSWORD.search(reading.lines):
        yield "secret.password", "it holds a password"
    if any(_card(found.group()) for found in _DIGITS.finditer(text)):
        yield "secret.card", "it holds a payment card's number"


def _card(told: str) -> bool:
    """By the issuers' first digits and Luhn's sum."""
    digits = [int(char) for char in told if char.isdigit()]
    if len(digits) > _LONGEST_CARD:
        return False
    if digits[0] not in (2, 3, 4, 5, 6) or len(set(digits)) == 1:
        return False
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
