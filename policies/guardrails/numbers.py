"""Checks of numbers that people are known by: checksums, and what no issuer gives out."""

import hashlib
import ipaddress
import re
from typing import Final

_DOUBLED: Final = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
_VALUES: Final = bytes.maketrans(b"0123456789", bytes(range(10)))
_NO_DIGITS: Final = bytes(set(range(256)) - set(b"0123456789"))


def luhn(told: str) -> bool:
    """The sum over digits that payment cards have; one digit over and over is no number of a card."""
    digits = _digits(told)
    total = sum(digits[-1::-2].translate(_VALUES)) + sum(digits[-2::-2].translate(_DOUBLED))
    return total % 10 == 0 and len(set(digits)) > 1


_ISSUERS: Final = re.compile(
    rb"4(?:\d{12}|\d{15}|\d{18})|3[47]\d{13}|3(?:0[0-59]|[689]\d)\d{11}|(?:2131|1800)\d{11}|3\d{15}"
    rb"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|(?:6011|64[4-9]\d|65\d\d)(?:\d{12}|\d{15})"
    rb"|62\d{14,17}|220[0-4]\d{12}|(?:50[0-9]{2}|5[6-9]\d\d|6[0379]\d\d)\d{8,15}"
)


def card(told: str) -> bool:
    """Luhn's sum, and an issuer's first digits and length."""
    return luhn(told) and _ISSUERS.fullmatch(_digits(told)) is not None


IBAN_LENGTHS: Final = {
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
    if len(account) != IBAN_LENGTHS.get(account[:2]):
        return False
    return int("".join(str(int(char, 36)) for char in account[4:] + account[:4])) % 97 == 1


_NOT_ISSUED: Final = frozenset({b"078051120", b"219099999", b"457555462", b"123456789"})


def us_ssn(told: str) -> bool:
    """No area, group or serial of zeros, no area 666 or from 900 on, and none of the numbers known from advertising."""
    number = _digits(told)
    area, group, serial = number[:3], number[3:5], number[5:]
    if len(number) != 9 or area in (b"000", b"666") or area[:1] == b"9" or group == b"00" or serial == b"0000":
        return False
    return number not in _NOT_ISSUED and len(set(number)) > 1


def uk_nino(told: str) -> bool:
    """None of the prefixes that are not given out."""
    return told[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


def nhs(told: str) -> bool:
    """The remainder by 11 of ten digits."""
    digits = _digits(told).translate(_VALUES)
    weighed = sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
    return len(digits) == 10 and (11 - weighed % 11) % 11 == digits[-1]


def br_cpf(told: str) -> bool:
    """Both digits that check the others."""
    digits = _digits(told).translate(_VALUES)
    for count in (9, 10):
        weighed = sum(digit * weight for digit, weight in zip(digits, range(count + 1, 1, -1), strict=False))
        if weighed * 10 % 11 % 10 != digits[count]:
            return False
    return len(set(digits)) > 1


def es_nif(told: str) -> bool:
    """The letter that the remainder by 23 gives."""
    number = told.replace("-", "")
    first = "XYZ".find(number[0])
    digits = number[:-1] if first < 0 else f"{first}{number[1:-1]}"
    return len(number) == 9 and "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23] == number[-1]


def sg_nric(told: str) -> bool:
    """The letter that weighed digits give, for the first letter that it has."""
    letters = {"S": "JZIHGFEDCBA", "T": "GFEDCBAJZIH", "F": "XWUTRQPNMLK", "G": "RQPNMLKXWUT", "M": "KLJNPQRTUWX"}
    digits = _digits(told).translate(_VALUES)
    weighed = sum(digit * weight for digit, weight in zip(digits, (2, 7, 6, 5, 4, 3, 2), strict=True))
    offset = {"M": 3, "T": 0, "G": 0}.get(told[0], 0)
    return letters[told[0]][(weighed + offset) % 11] == told[-1]


_DIHEDRAL: Final = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_PERMUTED: Final = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def verhoeff(told: str) -> bool:
    """Verhoeff's checksum."""
    check = 0
    for place, digit in enumerate(reversed(_digits(told).translate(_VALUES))):
        check = int(_DIHEDRAL[check][int(_PERMUTED[place % 8][digit])])
    return check == 0


def phone(told: str) -> bool:
    """As many digits as numbers have (E.164), and neither a date nor in the groups of a social security number."""
    number = re.split("[xe]", told, maxsplit=1)[0]
    digits = _digits(number)
    if not 7 <= len(digits) <= 15 or len(set(digits)) < 3:
        return False
    return not _NO_PHONE.search(number) and number.count("(") == number.count(")")


_NO_PHONE: Final = re.compile(
    r"^(?:(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d|\d{3}-\d{2}-\d{4})\b"
)


def ip_address(told: str) -> bool:
    """One that a network hands out: no mask, loopback or placeholder."""
    try:
        address = ipaddress.ip_address(told)
    except ValueError:
        return False
    if "::" in told and not re.search(r"\d", told):
        # It is a name in C++ rather.
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast or told.startswith("255."))


_NO_MAIL: Final = frozenset(
    ("png", "jpg", "jpeg", "gif", "svg", "webp", "js", "jsx", "ts", "tsx", "css", "html", "json", "yaml", "yml", "toml")
)


def email(told: str) -> bool:
    """Neither a file's name nor the address of a repository."""
    name, _, domain = told.rpartition("@")
    return name != "git" and domain.rpartition(".")[2].lower() not in _NO_MAIL and ".." not in told


_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_SUMS: Final = (1, 0x2BC830A3)


def wallet(told: str) -> bool:
    """The checksum of base58check, bech32 or bech32m; other forms have none."""
    if told.startswith("0x"):
        return len(set(told)) > 4
    name, one, data = told.rpartition("1")
    if one and name in ("bc", "tb", "ltc"):
        return _bech32(name, data)
    number = 0
    for char in told:
        number = number * 58 + _BASE58.index(char)
    if number >> 200:
        return False
    address = number.to_bytes(25, "big")
    return hashlib.sha256(hashlib.sha256(address[:21]).digest()).digest()[:4] == address[21:]


def _bech32(name: str, data: str) -> bool:
    """BIP 173 and BIP 350."""
    values = [ord(char) >> 5 for char in name] + [0] + [ord(char) & 31 for char in name]
    check = 1
    for value in values + [_BECH32.index(char) for char in data]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit in range(5):
            check ^= _GENERATOR[bit] if top >> bit & 1 else 0
    return check in _BECH32_SUMS


def _digits(told: str) -> bytes:
    return told.encode(errors="replace").translate(None, _NO_DIGITS)
