"""Presidio's pattern recognisers, as one more check: they run here, ask nobody, and need no model of a language.

They are expressions that may take long on a text made for that, so they run in threads of their own, for so long and no
longer. A thread that is still at it goes on until Presidio's own limit ends that (`REGEX_TIMEOUT_SECONDS`, a minute);
there are few of them, and they hold up nothing else.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple, TypeAlias

from middleware.guardrails.findings import Findings, Refused
from middleware.guardrails.settings import PRESIDIO, PresidioSettings
from policies.guardrails.guard import Guard
from policies.guardrails.rule import Place
from policies.guardrails.seeking import MOST_FOUND

_LANGUAGE: Final = "en"
_THREADS: Final = 2


class Entity(NamedTuple):
    """Characters of a text, and what they are, as Presidio calls it: `EMAIL_ADDRESS`."""

    kind: str
    start: int
    end: int


Recogniser: TypeAlias = Callable[[str], Sequence[Entity]]
Guards: TypeAlias = Mapping[tuple[str, Place], Guard]


class Presidio:
    """`guards` say what follows, by kind and place; where there is none of a place, nobody looks."""

    def __init__(self, guards: Guards, recogniser: Recogniser, *, timeout: float, closed: bool) -> None:
        """`timeout` in seconds, of one text; `closed` refuses what it could not look at."""
        self.places = frozenset(place for _, place in guards)
        self._guards = guards
        self._recogniser = recogniser
        self._timeout = timeout
        self._closed = closed
        self._threads = ThreadPoolExecutor(_THREADS, PRESIDIO)

    async def find(
        self, place: Place, text: str, findings: Findings, *, too_late: bool = False
    ) -> list[tuple[Guard, int, int]]:
        """From the left. Raises `Refused` where it failed, and fails closed; not where it is `too_late`."""
        if place not in self.places or not text:
            return []
        try:
            async with asyncio.timeout(self._timeout):
                loop = asyncio.get_running_loop()
                entities = await loop.run_in_executor(self._threads, self._recogniser, text)
        except TimeoutError:
            return self._failed(f"no answer within {self._timeout:g} s", findings, too_late)
        except Exception as error:
            return self._failed(f"{type(error).__name__}: {error}", findings, too_late)
        found = []
        for kind, start, end in sorted(entities, key=lambda entity: (entity.start, -entity.end)):
            guard = self._guards.get((kind, place))
            if guard is not None and text[start:end] not in guard.rule.allow:
                found.append((guard, start, end))
        if len(found) <= MOST_FOUND:
            return found
        # As where a rule finds more: the rest of the text is one more.
        found, rest = found[:MOST_FOUND], found[MOST_FOUND:]
        strict = next((guard for guard, _, _ in rest if guard.changes), rest[0][0])
        return [*found, (strict, rest[0][1], len(text))]

    def _failed(self, why: str, findings: Findings, too_late: bool) -> list[tuple[Guard, int, int]]:
        findings.fail(PRESIDIO, why)
        if self._closed and not too_late:
            findings.refuse()
            raise Refused
        return []


def presidio_of(guards: Guards, settings: PresidioSettings) -> Presidio | None:
    """None where nobody asks for it."""
    if not guards:
        return None
    found = recogniser(settings.entities, settings.score)
    return Presidio(guards, found, timeout=settings.timeout, closed=settings.on_error == "closed")


def recogniser(entities: Sequence[str], score: float) -> Recogniser:
    """Takes seconds when first asked for. Raises ValueError for an entity that no pattern is there for."""
    known = _analyzer().get_supported_entities(_LANGUAGE)
    for entity in entities:
        if entity not in known:
            raise ValueError(f"presidio: no pattern finds {entity!r}; there are {', '.join(sorted(known))}")
    return partial(_found, _analyzer(), list(entities), score)


def _found(analyzer: Any, entities: list[str], score: float, text: str) -> list[Entity]:
    found = analyzer.analyze(text, _LANGUAGE, entities=entities, score_threshold=score)
    return [Entity(each.entity_type, each.start, each.end) for each in found]


@lru_cache(maxsize=1)
def _analyzer() -> Any:
    """Kept, for it takes seconds to import and make."""
    import tldextract  # type: ignore[import-not-found,unused-ignore]  # It comes with the extra.
    from presidio_analyzer import (  # type: ignore[import-not-found,unused-ignore]
        AnalyzerEngine,
        RecognizerRegistry,
    )
    from presidio_analyzer.nlp_engine import (  # type: ignore[import-not-found,unused-ignore]
        NoOpNlpEngine,
    )

    nothing = NoOpNlpEngine([{"lang_code": _LANGUAGE, "model_name": ""}])
    nothing.load()
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=[_LANGUAGE], nlp_engine=nothing)
    # Its own check asks a server for the list of domains first; this one reads the list that comes with the package.
    domain = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())
    for each in registry.recognizers:
        if each.supported_entities == ["EMAIL_ADDRESS"]:
            each.validate_result = lambda told: bool(domain(told).fqdn)
    return AnalyzerEngine(registry=registry, nlp_engine=nothing, supported_languages=[_LANGUAGE])
