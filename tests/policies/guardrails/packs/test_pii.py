"""Which personal data the pack knows by its form, and what it leaves alone. None of it is anyone's: numbers are those
that issuers and standards give as examples."""

import pytest

from policies.guardrails.matching import Matcher
from policies.guardrails.packs.pii import PII


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(PII)


def _found(matcher: Matcher, text: str) -> list[tuple[str, str]]:
    return [(match.rule.id.removeprefix("pii."), text[match.start : match.end]) for match in matcher.find(text)]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("email", "ada.lovelace+x@mail.example.co.uk"),
        ("email", "müller@exämple.de"),
        ("card", "4111 1111 1111 1111"),
        ("card", "4111-1111-1111-1111"),
        ("card", "378282246310005"),
        ("card", "3782 822463 10005"),
        ("card", "30569309025904"),
        ("card", "6759649826438453"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("iban", "GB82WEST12345698765432"),
        ("iban", "NO93 8601 1117 947"),
        ("us_ssn", "536-22-1234"),
        ("us_itin", "912-70-1234"),
        ("uk_nino", "AB 12 34 56 C"),
        ("phone", "+49 30 901820"),
        ("phone", "1-800-555-0100"),
        ("phone", "(212) 555-0198"),
        ("phone", "212.555.0198"),
        ("phone", "0115 496 0123"),
        ("phone", "06 12 34 56 78"),
        ("phone", "+1 (555) 123-4567 ext 12"),
        ("ip_address", "203.0.113.7"),
        ("ip_address", "2001:db8::8a2e:370:7334"),
        ("mac_address", "00:1B:44:11:3A:B7"),
        ("wallet", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
        ("wallet", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
        ("wallet", "0x742d35Cc6634C0532925a3b844Bc454e4438f44e"),
        ("es_nif", "12345678Z"),
        ("es_nif", "X1234567L"),
        ("it_fiscal_code", "RSSMRA80A01H501U"),
        ("in_aadhaar", "2345 6789 0124"),
        ("sg_nric", "S1234567D"),
        ("br_cpf", "529.982.247-25"),
    ],
)
def test_data_that_has_a_form_is_found_by_it(matcher: Matcher, rule: str, told: str) -> None:
    assert _found(matcher, f"It is {told}, AND no more.") == [(rule, told)]


@pytest.mark.parametrize(
    ("rule", "before", "told"),
    [
        ("us_ssn", "My SSN is ", "536221234"),
        ("uk_nhs", "NHS number: ", "9434765919"),
        ("birth_date", "born on ", "12/03/1984"),
        ("birth_date", "Date of birth: ", "March 12, 1984"),
        ("birth_date", '"birth_date": "', "1984-03-12"),
        ("passport", "passport number: ", "C01234567"),
        ("driving_licence", "driver's license no. ", "D123-4567-8901"),
        ("bank_account", "account number ", "12345678"),
        ("phone", "call me at ", "5550198 22"),
    ],
)
def test_digits_are_looked_for_behind_words_that_say_what_they_are(
    matcher: Matcher, rule: str, before: str, told: str
) -> None:
    assert _found(matcher, f"{before}{told}") == [(rule, told)]
    assert _found(matcher, f"The order {told}") == []


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112 and 0000 0000 0000 0000, order 1700000000000",
        "DE89370400440532013001",
        "On 2024-10-12 at 10:30:45, version 1.2.3 of 10 000 000 cost 1,234,567.89; see pages 100-200.",
        "git@github.com:ada/engine.git and icon@2x.png, @ada at home",
        "127.0.0.1:8400 with the mask 255.255.255.0, std::dead::beef and 12:30:45",
        "000-12-3456, 666-12-3456, 078-05-1120",
        "UUID 123e4567-e89b-12d3-a456-426614174000, sha 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "The population was 8,336,817 in 2020 and 8 804 190 in 2010-04-01.",
        "x = [0.123456789, 12345678901, 3.14159265358979]",
    ],
    ids=lambda text: text[:30],
)
def test_dates_amounts_versions_and_ids_are_left_alone(matcher: Matcher, text: str) -> None:
    assert _found(matcher, text) == []


def test_every_rule_says_in_words_what_it_found_and_what_stands_for_it() -> None:
    for rule in PII:
        assert rule.id.startswith("pii.")
        assert rule.reason.startswith("it holds ")
        assert rule.replacement == f"[{rule.id.removeprefix('pii.').replace('_', ' ')}]"
