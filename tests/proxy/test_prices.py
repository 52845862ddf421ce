"""What calls cost, by the configuration's prices and by litellm's table."""

import sys
from typing import Any

import pytest

from proxy.config.model import Config
from proxy.prices import LitellmTable, Prices, Rates
from records import Usage

TABLE = {
    "gpt-x": Rates(input=2e-6, output=8e-6, cached=0.5e-6),
    "groq/gpt-x": Rates(input=1e-6, output=1e-6),
    "anthropic/claude-x": Rates(input=3e-6, output=15e-6),
    "long": Rates(input=1e-6, output=2e-6, cached=0.1e-6, input_above_200k=2e-6, output_above_200k=3e-6),
    "thinks": Rates(input=1e-6, output=2e-6, reasoning=5e-6),
    "pictures": Rates(provider="openai"),
}
MILLION = Usage(input=1_000_000, output=1_000_000)


def prices(**sections: Any) -> Prices:
    config = Config.model_validate(
        {
            "version": 1,
            "providers": {
                "openai": {"base_url": "https://api.openai.com/v1"},
                "groq": {"base_url": "https://api.groq.com/openai/v1"},
                "claude": {"litellm": "anthropic"},
                "small": {"bundled": "smollm2-135m-instruct"},
            },
            **sections,
        }
    )
    return Prices(config, lambda: TABLE)


def test_the_models_own_price_comes_first() -> None:
    found = prices(
        models={"fast": {"provider": "openai", "model": "gpt-x", "price": {"input": 10, "output": 20}}},
        prices={"gpt-x": {"input": 1, "output": 1}},
    )
    assert found.cost("openai", "gpt-x", MILLION) == pytest.approx(30.0)
    assert found.cost("groq", "gpt-x", MILLION) == pytest.approx(2.0)


def test_without_a_price_of_ours_the_table_is_asked() -> None:
    assert prices().cost("openai", "gpt-x", MILLION) == pytest.approx(10.0)


def test_the_line_of_the_provider_itself_is_preferred() -> None:
    assert prices().cost("groq", "gpt-x", MILLION) == pytest.approx(2.0)
    assert prices().cost("claude", "claude-x", MILLION) == pytest.approx(18.0)


def test_cached_input_has_a_price_of_its_own() -> None:
    usage = Usage(input=1_000_000, output=0, cached=400_000)
    assert prices().cost("openai", "gpt-x", usage) == pytest.approx(0.6 * 2.0 + 0.4 * 0.5)
    ours = prices(prices={"gpt-x": {"input": 10, "output": 0, "cached_input": 1}})
    assert ours.cost("openai", "gpt-x", usage) == pytest.approx(6.0 + 0.4)


def test_cached_input_without_a_price_of_its_own_costs_as_the_rest() -> None:
    usage = Usage(input=1_000_000, output=0, cached=400_000)
    assert prices(prices={"gpt-x": {"input": 10, "output": 0}}).cost("openai", "gpt-x", usage) == pytest.approx(10.0)


def test_reasoning_has_a_price_of_its_own_where_the_table_says_so() -> None:
    usage = Usage(input=0, output=1_000_000, reasoning=250_000)
    assert prices().cost("openai", "thinks", usage) == pytest.approx(0.75 * 2.0 + 0.25 * 5.0)
    assert prices().cost("openai", "gpt-x", usage) == pytest.approx(8.0)


def test_long_prompts_cost_what_the_table_says() -> None:
    assert prices().cost("openai", "long", Usage(input=200_000, output=1_000)) == pytest.approx(0.202)
    assert prices().cost("openai", "long", Usage(input=200_001, output=1_000)) == pytest.approx(0.403002)


def test_a_call_can_be_free() -> None:
    assert prices(prices={"gpt-x": {"input": 0, "output": 0}}).cost("openai", "gpt-x", MILLION) == 0.0


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "never-heard-of"), ("openai", "pictures"), ("gone", "gpt-x"), ("small", "gpt-x")]
)
def test_what_nobody_prices_costs_nothing_known(provider: str, model: str) -> None:
    assert prices().cost(provider, model, MILLION) is None


def test_more_cached_tokens_than_input_are_not_paid_back() -> None:
    assert prices().cost("openai", "gpt-x", Usage(input=10, output=0, cached=50)) == pytest.approx(10 * 0.5e-6)


def test_litellms_table_is_read_as_data() -> None:
    before = "litellm" in sys.modules
    table = LitellmTable()()
    assert len(table) > 1_000
    assert table["gpt-4o-mini"].input == 0.15e-6
    assert table["gpt-4o-mini"].provider == "openai"
    assert ("litellm" in sys.modules) == before


def test_the_table_is_read_once() -> None:
    table = LitellmTable()
    assert table() is table()
