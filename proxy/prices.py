"""What a call cost: tokens times the price that the configuration, or else litellm's price table, gives."""

import importlib.util
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import msgspec

from proxy.config.model import Config, Price, Provider
from records import Usage

_TABLE: Final = "model_prices_and_context_window_backup.json"
_MILLION: Final = 1_000_000
_log: Final = logging.getLogger(__name__)


_COLUMNS: Final = {
    "provider": "litellm_provider",
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached": "cache_read_input_token_cost",
    "reasoning": "output_cost_per_reasoning_token",
    **{
        f"{ours}_above_{size}": f"{theirs}_above_{size}_tokens"
        for size in ("128k", "200k", "272k")
        for ours, theirs in (
            ("input", "input_cost_per_token"),
            ("output", "output_cost_per_token"),
            ("cached", "cache_read_input_token_cost"),
        )
    },
}


class Rates(msgspec.Struct, frozen=True, rename=_COLUMNS):
    """US dollars per token, as litellm's table has them; long prompts cost more at some providers."""

    provider: str | None = None
    input: float | None = None
    output: float | None = None
    cached: float | None = None
    reasoning: float | None = None
    input_above_128k: float | None = None
    output_above_128k: float | None = None
    input_above_200k: float | None = None
    output_above_200k: float | None = None
    cached_above_200k: float | None = None
    input_above_272k: float | None = None
    output_above_272k: float | None = None
    cached_above_272k: float | None = None

    def cost(self, usage: Usage) -> float | None:
        """`usage` at these rates; None where the table prices something else than tokens."""
        per_input, per_output, per_cached = self.input, self.output, self.cached
        for threshold, dear_input, dear_output, dear_cached in (
            (128_000, self.input_above_128k, self.output_above_128k, None),
            (200_000, self.input_above_200k, self.output_above_200k, self.cached_above_200k),
            (272_000, self.input_above_272k, self.output_above_272k, self.cached_above_272k),
        ):
            if usage.input > threshold:
                per_input = dear_input if dear_input is not None else per_input
                per_output = dear_output if dear_output is not None else per_output
                per_cached = dear_cached if dear_cached is not None else per_cached
        if per_input is None or per_output is None:
            return None
        per_cached = per_input if per_cached is None else per_cached
        per_reasoning = per_output if self.reasoning is None else self.reasoning
        cached, reasoning = min(usage.cached, usage.input), min(usage.reasoning, usage.output)
        return (
            (usage.input - cached) * per_input
            + cached * per_cached
            + (usage.output - reasoning) * per_output
            + reasoning * per_reasoning
        )


Table: TypeAlias = Mapping[str, Rates]


class Prices:
    """The prices of one configuration. The table is read when a model first needs it: about 10 ms."""

    def __init__(self, config: Config, table: Callable[[], Table]) -> None:
        self._config = config
        self._table = table
        self._written = {
            (model.provider, model.model): _rates(model.price)
            for model in reversed(config.models.values())
            if model.price is not None
        }
        self._names = {name: _names(entry) for name, entry in config.providers.items() if entry.bundled is None}

    def cost(self, provider: str, model: str, usage: Usage) -> float | None:
        """US dollars for `usage` of the provider's own `model`; None where nobody says what it costs."""
        rates = self._written.get((provider, model))
        if rates is None:
            price = self._config.prices.get(model)
            rates = _rates(price) if price is not None else self._listed(provider, model)
        return rates.cost(usage) if rates is not None else None

    def _listed(self, provider: str, model: str) -> Rates | None:
        """The table's line for a model at a provider, or for the model as its maker sells it."""
        names = self._names.get(provider)
        if names is None:
            return None
        table = self._table()
        return next((table[key] for name in names if (key := f"{name}/{model}") in table), table.get(model))


class LitellmTable:
    """The price table inside the installed litellm, read once and without importing it."""

    def __init__(self) -> None:
        self._read: Table | None = None

    def __call__(self) -> Table:
        if self._read is None:
            self._read = self._load()
        return self._read

    def _load(self) -> Table:
        found = importlib.util.find_spec("litellm")
        if found is None or not found.submodule_search_locations:
            return {}
        path = Path(found.submodule_search_locations[0], _TABLE)
        try:
            return msgspec.json.decode(path.read_bytes(), type=dict[str, Rates], strict=False)
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("litellm's price table cannot be read (%s); write prices in the configuration", error)
            return {}


def _rates(price: Price) -> Rates:
    cached = price.cached_input
    return Rates(
        input=price.input / _MILLION,
        output=price.output / _MILLION,
        cached=cached / _MILLION if cached is not None else None,
    )


def _names(provider: Provider) -> list[str]:
    """What the table may call a provider: litellm's name, or a part of its host, as in groq, mistral, openrouter."""
    if provider.litellm:
        return [provider.litellm]
    return (urlsplit(provider.base_url or "").hostname or "").split(".")[::-1]
