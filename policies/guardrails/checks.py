"""Tests that what a pattern found has to pass: checksums, and what no issuer gives out. A rule names one of them."""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

Check: TypeAlias = Callable[[str], bool]

_DOUBLED: Final = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
_VALUES: Final = bytes.maketrans(b"0123456789", bytes(range(10)))
_NO_DIGITS: Final = bytes(set(range(256)) - set(b"0123456789"))


def luhn(told: str) -> bool:
    """The sum over digits that payment cards have; one digit over and over is no number of a card."""
    digits = _digits(told)
    total = sum(digits[-1::-2].translate(_VALUES)) + sum(digits[-2::-2].translate(_DOUBLED))
    return total % 10 == 0 and len(set(digits)) > 1


_IBAN_LENGTHS: Final = {
    told[:2]: int(told[2:])
    for told in re.findall(
        r"\w+",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 "
        "EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 "
        "IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 "
        "NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 "
        "SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30",
    )
}
"""Characters of an account in each country, as the IBAN registry has them."""


def iban(told: str) -> bool:
    """Its country's length, and ISO 7064's remainder of 1 by 97."""
    account = "".join(char for char in told.upper() if char.isalnum())
    if len(account) != _IBAN_LENGTHS.get(account[:2]):
        return False
    return int("".join(str(int(char, 36)) for char in account[4:] + account[:4])) % 97 == 1


_NOT_ISSUED: Final = frozenset({"078051120", "219099999", "457555462", "123456789"})


def us_ssn(told: str) -> bool:
    """No area, group or serial of zeros, no area 666 or from 900 on, and none of the numbers known from advertising."""
    number = _digits(told).decode()
    area, group, serial = number[:3], number[3:5], number[5:]
    if len(number) != 9 or area in ("000", "666") or area[0] == "9" or group == "00" or serial == "0000":
        return False
    return number not in _NOT_ISSUED and len(set(number)) > 1


def nhs(told: str) -> bool:
    """The remainder by 11 of ten digits."""
    digits = [digit - 48 for digit in _digits(told)]
    weighed = sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
    return len(digits) == 10 and (11 - weighed % 11) % 11 == digits[-1] and len(set(digits)) > 1


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


def _digits(told: str) -> bytes:
    return told.encode(errors="replace").translate(None, _NO_DIGITS)


CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {check.__name__: check for check in (luhn, iban, us_ssn, nhs, varied, random, password, password_of_url)}
)
"""By the names that rules know them by."""
