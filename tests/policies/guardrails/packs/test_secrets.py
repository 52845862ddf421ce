"""Which secrets the pack knows, and what it leaves alone."""

from itertools import pairwise

import pytest

from policies.guardrails.matching import Matcher
from policies.guardrails.packs.secrets import SECRETS
from tests.policies.guardrails.planted import Planted, planted


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(SECRETS)


def _found(matcher: Matcher, text: str) -> list[tuple[str, str]]:
    return [(match.rule.id, text[match.start : match.end]) for match in matcher.find(text)]


@pytest.mark.parametrize("plant", planted(), ids=lambda plant: plant.rule)
def test_a_secret_is_found_by_the_rule_for_its_kind(matcher: Matcher, plant: Planted) -> None:
    assert _found(matcher, f"Take this one, {plant.text} please.") == [(f"secrets.{plant.rule}", plant.secret)]


def test_the_name_of_a_password_stays_and_the_password_goes(matcher: Matcher) -> None:
    assert _found(matcher, '{"user": "ada", "password": "hunter2hunter2", "port": 1}') == [
        ("secrets.password", "hunter2hunter2")
    ]


def test_a_private_key_goes_up_to_its_end(matcher: Matcher) -> None:
    [key] = [plant for plant in planted() if plant.rule == "private_key"]
    [(_, told)] = _found(matcher, f"{key.text}\nThat was it.")
    assert told == key.secret


@pytest.mark.parametrize(
    "text",
    [
        "Your password must have 12 characters, a digit and a sign. We never ask for it.",
        "The password is incorrect. Enter the API key, then the token: it is under Settings.",
        "password = os.environ['DB_PASSWORD']; token = config.get('token'); api_key=${API_KEY}",
        "api_key: YOUR_API_KEY_GOES_HERE_12345, ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "The commit is 9fceb02d0ae598e95dc970b74767f19372d61af8, of sha256 " + "ab12" * 16 + ".",
        "id = 123e4567-e89b-12d3-a456-426614174000; the risk-management-of-tasks-in-2024 is secret.",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO",
        "https://user@example.com:8080/path?page=2 and mailto:ada@example.com at 10:30",
        "A file begins with -----BEGIN PRIVATE KEY----- and then comes the key.",
    ],
    ids=lambda text: text[:30],
)
def test_talk_of_secrets_placeholders_and_hashes_are_left_alone(matcher: Matcher, text: str) -> None:
    assert _found(matcher, text) == []


def test_every_rule_says_in_words_what_it_found_and_what_stands_for_it() -> None:
    for rule in SECRETS:
        assert rule.id.startswith("secrets.")
        assert rule.reason.startswith("it holds a")
        assert rule.replacement.startswith("[secret: ")
    assert all(first.id != second.id for first, second in pairwise(sorted(SECRETS, key=lambda rule: rule.id)))
