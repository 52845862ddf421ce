"""Rules for personal data that has a form: addresses, numbers of phones, cards, accounts, papers and wallets.

What has a checksum has to pass it. What is only digits is looked for behind words that say what it is.
"""

from typing import Final

from policies.guardrails.numbers import IBAN_LENGTHS
from policies.guardrails.rule import Rule

_DATE: Final = (
    r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}|(?:\d{1,2}(?:st|nd|rd|th)?[ -])?(?:of )?(?i:jan|feb|mar|apr|may|jun|jul|aug|sep"
    r"|oct|nov|dec)[a-z]{0,6}\.?[ -](?:\d{1,2}(?:st|nd|rd|th)?,?[ -])?\d{2,4}"
)
_IS: Final = r"(?:[ \t]?(?:number|nr|no|num|id|code|#|is|was|of|on)\b\.?)?[^\S\n]?(?:[:=#]|\bis\b)?[\"'( ]{0,3}"
"""What stands between the name of a thing and the thing."""
_LETTER: Final = "A-Za-zÀ-ɏ"
_NAME: Final = rf"{_LETTER}0-9._%+'-"
_APART: Final = r"(?:\A|[^\w.+/-])"
"""Before what must not be the end of something longer."""
_BYTE: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_FIRST_BYTE: Final = r"(?:25[0-4]|24\d|22[0-3]|2[01]\d|1[013-9]\d|12[0-689]|[1-9]?\d)"
"""Neither loopback, of which logs are full, nor multicast."""
_HEX4: Final = "[0-9A-Fa-f]{1,4}"


def _ibans() -> tuple[str, ...]:
    """One a length, so that words behind an account are none of it."""
    countries: dict[int, list[str]] = {}
    for country, length in IBAN_LENGTHS.items():
        countries.setdefault(length, []).append(country)
    return tuple(
        rf"\b(?:{'|'.join(some)})[ -]?\d{{2}}(?:[ -]?[A-Za-z0-9]){{{length - 4}}}\b"
        for length, some in countries.items()
    )


_RULES: Final = (
    # Its id, what it is, its patterns, its check.
    (
        "email",
        "an e-mail address",
        (rf"(?:\A|[^{_NAME}])([{_NAME}]{{1,64}}@(?:[{_LETTER}0-9-]{{1,63}}\.){{1,4}}[{_LETTER}]{{2,24}})\b",),
        "email",
    ),
    (
        "card",
        "a payment card's number",
        (
            # As issuers begin them; times in milliseconds begin with 1.
            r"\b(?:[3-6]\d{11,18}|2[2-7]\d{14}|(?:2131|1800)\d{11})\b",
            r"\b[2-6]\d{3}[ .-]\d{4}[ .-]\d{4}[ .-]\d{1,4}(?:[ .-]\d{1,3})?\b",
            r"\b3\d{3}[ .-]\d{6}[ .-]\d{4,5}\b",
        ),
        "card",
    ),
    ("iban", "the number of a bank account", _ibans(), "iban"),
    (
        "us_ssn",
        "a US social security number",
        (
            r"\b\d{3}-\d{2}-\d{4}\b",
            r"\b\d{3}[ .]\d{2}[ .]\d{4}\b",
            rf"(?i:\bssns?|social security){_IS}(\d{{9}})\b",
        ),
        "us_ssn",
    ),
    ("us_itin", "a US taxpayer's number", (r"\b9\d{2}[ -](?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[ -]\d{4}\b",), ""),
    (
        "uk_nino",
        "a UK national insurance number",
        (r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[A-D]\b",),
        "uk_nino",
    ),
    ("uk_nhs", "an NHS number", (rf"(?i:\bnhs){_IS}(\d{{3}}[ -]?\d{{3}}[ -]?\d{{4}})\b",), "nhs"),
    (
        "ip_address",
        "an IP address",
        (
            rf"\b{_FIRST_BYTE}\.{_BYTE}\.{_BYTE}\.{_BYTE}\b",
            rf"\b(?:{_HEX4}:){{7}}{_HEX4}\b",
            rf"\b[0-9A-Fa-f]{{4}}:(?:{_HEX4}:){{0,5}}(?::{_HEX4}){{1,6}}\b",
        ),
        "ip_address",
    ),
    ("mac_address", "a device's address", (r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b",), ""),
    (
        "birth_date",
        "a date of birth",
        (
            r"(?i:\bborn(?: on| in)?|\bbirth[ _-]?da(?:te|y)|\bdate[ _]of[ _]birth|\bd\.?o\.?b\b\.?)[\"']?"
            rf"{_IS}({_DATE})\b",
        ),
        "",
    ),
    (
        "passport",
        "the number of a passport",
        (rf"(?i:\bpassport){_IS}([A-Za-z]{{0,2}}\d{{6,9}}[A-Za-z]?)\b",),
        "",
    ),
    (
        "driving_licence",
        "the number of a driving licence",
        (rf"(?i:\bdriv(?:ing|er'?s?)[ _-]licen[cs]e|\bDL\b){_IS}([A-Za-z]{{0,2}}\d[A-Za-z0-9-]{{5,18}})\b",),
        "",
    ),
    (
        "bank_account",
        "the number of a bank account",
        (
            r"(?i:\b(?:bank|checking|savings)[ _]account|\baccount (?:number|no)\b|\bacct\b|\brouting)"
            rf"{_IS}(\d{{8,17}})\b",
        ),
        "",
    ),
    (
        "wallet",
        "the address of a wallet",
        (
            r"\b[13][1-9A-HJ-NP-Za-km-z]{25,34}\b",
            r"\b(?:bc|tb|ltc)1[ac-hj-np-z02-9]{11,71}\b",
            r"\b0x[0-9a-fA-F]{40}\b",
        ),
        "wallet",
    ),
    ("es_nif", "a Spanish tax number", (r"\b[XYZ]?-?\d{7,8}-?[A-Z]\b",), "es_nif"),
    (
        "it_fiscal_code",
        "an Italian tax code",
        (r"\b[A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]\b",),
        "",
    ),
    ("in_pan", "an Indian tax number", (r"\b[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]\b",), ""),
    ("in_aadhaar", "an Indian identity number", (r"\b[2-9]\d{3}[ -]\d{4}[ -]\d{4}\b",), "verhoeff"),
    ("sg_nric", "a Singaporean identity number", (r"\b[STFGM]\d{7}[A-Z]\b",), "sg_nric"),
    ("br_cpf", "a Brazilian tax number", (r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b",), "br_cpf"),
    (
        "phone",
        "a phone number",
        (
            r"(?:\+|\b00)[1-9]\d{0,2}[ ./-]{0,2}(?:\(\d{1,4}\)[ ./-]?)?\d{2,5}(?:[ ./-]{1,2}\d{2,5}|\d{2,4}){1,4}"
            r"(?: ?(?:x|ext\.?) ?\d{1,6})?\b",
            r"\(\d{2,5}\)[ .-]?\d{2,5}[ .-]?\d{3,4}(?: ?(?:x|ext\.?) ?\d{1,6})?\b",
            rf"{_APART}((?:1[ .-])?[2-9]\d{{2}}[ .-][2-9]\d{{2}}[ .-]\d{{4}}(?: ?(?:x|ext\.?) ?\d{{1,6}})?)\b",
            rf"{_APART}(0[1-9]\d{{0,3}}[ /-]\d{{2,4}}[ -]?\d{{2,4}}(?:[ -]\d{{2,4}}){{0,3}})\b",
            rf"(?i:\b(?:tele)?phones?|\btel|\bmobile|\bcell(?:phone)?|\bfax|\bwhatsapp|\bsms|\b(?:call|text|dial|reach|ring)"
            rf"(?: (?:me|us|him|her|them))?(?: (?:back|at|on|under)){{0,2}}){_IS}(\d[\d .()/-]{{6,16}}\d)\b",
        ),
        "phone",
    ),
)  # fmt: skip

PII: Final = tuple(
    Rule(
        id=f"pii.{id}",
        reason=f"it holds {what}",
        patterns=patterns,
        check=check,
        replacement=f"[{id.replace('_', ' ')}]",
    )
    for id, what, patterns, check in _RULES
)
