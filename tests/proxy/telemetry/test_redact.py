"""Secrets are masked wherever they stand in a body, and nothing else is."""

import json
import re
import string
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.telemetry.redact import Redactor

redact = Redactor()

# Put together here, so that no scanner takes this file for a leak.
SECRETS = {
    "OpenAI": "sk-" + "proj-aB3dE5gH7jK9mN1pQ3sT5vW7",
    "Anthropic": "sk-" + "ant-api03-aB3dE5gH7jK9mN1pQ3s",
    "AWS": "AKIA" + "IOSFODNN7EXAMPLE",
    "GitHub": "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5",
    "GitHub, fine-grained": "github_pat_" + "11ABCDEFG0aB3dE5gH7jK9_mN1pQ3sT5vW7",
    "Slack": "xoxb-" + "123456789012-1234567890123-aB3dE5gH7jK9",
    "Google": "AIza" + "SyD-aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1d",
    "Hugging Face": "hf_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f",
    "Groq": "gsk_" + "aB3dE5gH7jK9mN1pQ3sT5vW7",
    "Stripe": "sk_live_" + "aB3dE5gH7jK9mN1pQ3sT5vW7",
    "Burnish": "bn-" + "aB3_dE5-gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5hI7jK9",
    "JWT": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
}
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA75+/aB3d\nE5gH7jK9==\n-----END RSA PRIVATE KEY-----"


def asked(text: str) -> str:
    return json.dumps({"messages": [{"role": "user", "content": text}]})


def content(body: str) -> Any:
    return json.loads(body)["messages"][0]["content"]


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize(
    "around", ["{}", "my key is {}, keep it", "KEY={}", '"{}"', "first line\n{}\nlast", "é {} ü", "\t{}"]
)
def test_a_secret_is_masked_wherever_it_stands(secret: str, around: str) -> None:
    assert content(redact(asked(around.format(secret)))) == around.format("[redacted]")


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_secret_within_json_within_json_is_masked(secret: str) -> None:
    inner = json.dumps({"arguments": f"line\n{secret}\n"})
    assert json.loads(content(redact(asked(inner)))) == {"arguments": "line\n[redacted]\n"}


def test_the_token_of_an_authorization_header_is_masked_and_its_scheme_kept() -> None:
    body = redact(asked("Authorization: Bearer " + "aB3dE5gH7jK9mN1pQ3sT5vW7.yZ~9/bC=="))
    assert content(body) == "Authorization: Bearer [redacted]"


@pytest.mark.parametrize(
    "url", ["postgres://app:{}@db:5432/app", "https://user:{}@example.com/x?y=1", "redis://:{}@cache"]
)
def test_the_password_in_a_url_is_masked_and_the_rest_of_it_kept(url: str) -> None:
    assert content(redact(asked(url.format("hunter2")))) == url.format("[redacted]")


def test_the_password_in_a_url_with_escaped_slashes_is_masked() -> None:
    assert redact(r'{"u":"https:\/\/me:hunter2@example.com\/"}') == r'{"u":"https:\/\/me:[redacted]@example.com\/"}'


def test_a_private_key_is_masked_from_its_first_line_to_its_last() -> None:
    assert content(redact(asked(f"before\n{KEY}\nafter"))) == "before\n[redacted]\nafter"


def test_a_private_key_that_was_cut_off_is_masked_as_far_as_it_goes() -> None:
    body = redact(asked(f'{KEY[:60]}"quoted" é'))
    assert content(body) == '[redacted]"quoted" é'


@pytest.mark.parametrize(
    "text",
    [
        "a task-force-that-is-quite-long and a risk-adjusted-return-on-capital",
        "chatcmpl-BaB3dE5gH7jK9mN1pQ3sT5vW7yZ9 call_aB3dE5gH7jK9mN1pQ3sT5vW7",
        "550e8400-e29b-41d4-a716-446655440000 0123456789abcdef0123456789abcdef",
        "sk-learn-is-a-library-of-machine-learning",
        "write to joe@example.com, see https://example.com/a@b and http://example.com:8080/",
        "the bearer of internationalization is a standard",
        "-----BEGIN CERTIFICATE-----",
        "ask- bn- AKIA ghp_ eyJ sk-short",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
    ],
)
def test_what_only_looks_like_a_secret_is_left_alone(text: str) -> None:
    body = asked(text)
    assert redact(body) is body


_texts = st.text(st.sampled_from(string.printable + 'é"\\')) | st.sampled_from(
    [*SECRETS.values(), KEY, KEY[:80], "://a:b@"]
)


@given(st.lists(_texts).map("".join))
@example("\\" + SECRETS["OpenAI"])
@example(KEY[:66] + "\\")
@example(KEY[:66] + '\\"' + KEY)
def test_json_stays_json(text: str) -> None:
    body = asked(text)
    for level in (body, asked(body)):
        masked = json.loads(redact(level))
        assert masked.keys() == {"messages"}


def test_patterns_of_ones_own_are_masked_within_strings() -> None:
    own = Redactor([r"\b\d{4} \d{4} \d{4} \d{4}\b", r"(?i)project \w+"])
    body = '{"card": "4111 1111 1111 1111", "n": 4111, "s": ["Project\\u0020Apollo", "a\\"b"]}'
    assert json.loads(own(body)) == {"card": "[redacted]", "n": 4111, "s": ["[redacted]", 'a"b']}


def test_a_pattern_of_ones_own_cannot_break_the_json() -> None:
    masked = Redactor([r".+"])('{"a": "x", "b": [1, "y"]}')
    assert json.loads(masked) == {"a": "[redacted]", "b": [1, "[redacted]"]}


def test_text_that_is_not_json_is_masked_too() -> None:
    assert Redactor(["Apollo"])("data: Apollo " + SECRETS["AWS"]) == "data: [redacted] [redacted]"


def test_half_a_surrogate_pair_hides_no_secret() -> None:
    masked = redact("\ud83d " + SECRETS["OpenAI"])
    assert masked == "\ud83d [redacted]"
    assert not re.search("sk-", masked)
