"""What a model takes, told by its name."""

import pytest

from proxy.wire.convert.requests.models import claude, counts_reasoning


@pytest.mark.parametrize(
    ("model", "adaptive", "sampling", "late", "longest"),
    [
        ("claude-fable-5-2", True, False, True, 128_000),
        ("claude-opus-4-8-20260528", True, False, True, 128_000),
        ("anthropic.claude-opus-4-7-v1:0", True, False, False, 128_000),
        ("claude-mythos-preview", True, False, False, 128_000),
        ("anthropic/claude-opus-4.6", True, True, False, 128_000),
        ("claude-haiku-4-5-20251001", False, True, False, 64_000),
        ("claude-opus-4-20250514", False, True, False, 32_000),
        ("claude-3-5-sonnet-20241022", False, True, False, 8192),
        ("claude-3-haiku-20240307", False, True, False, 4096),
        ("kimi-k2", False, True, False, 8192),
    ],
)
def test_the_version_of_a_claude_model_says_what_it_takes(
    model: str, adaptive: bool, sampling: bool, late: bool, longest: int
) -> None:
    found = claude(model)
    assert (found.adaptive, found.sampling, found.late_instructions, found.longest) == (
        adaptive,
        sampling,
        late,
        longest,
    )


@pytest.mark.parametrize(
    ("model", "counts"),
    [
        ("gpt-5.2", True),
        ("openai/gpt-5-mini", True),
        ("o4-mini", True),
        ("gpt-4.1", False),
        ("gpt-oss-20b", False),
        ("llama-3.3-70b", False),
    ],
)
def test_openai_models_that_reason_are_known_by_their_names(model: str, counts: bool) -> None:
    assert counts_reasoning(model) is counts
