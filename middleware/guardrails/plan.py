"""The rules of one agent, compiled: for each place, those that change what is passed on and those that only look."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from middleware.guardrails.settings import INJECTION, PRESIDIO, GuardrailsSettings, RuleSettings, rule_of
from policies.guardrails.guard import Guard
from policies.guardrails.matching import Match, Matcher
from policies.guardrails.packs import PACKS
from policies.guardrails.rule import INPUT, OUTPUT, Action, Place, Rule
from policies.guardrails.scanner import Scanner
from records.guard import LearnedRule

_PLAIN: Final = RuleSettings()
_JUDGED_IN: Final[tuple[Place, ...]] = ("user",)
_FOREIGN: Final[tuple[Place, ...]] = ("user", "tool_result")
"""Where text stands that neither the owner nor the model wrote."""
_JSON: Final[frozenset[Place]] = frozenset({"tool_arguments"})
"""Where text is JSON, in which letters may be written as escapes."""


@lru_cache(maxsize=64)
def _compiled(rules: tuple[Rule, ...]) -> Matcher:
    """Kept, for it takes a good part of a second: places share rules, and so do the variants of an agent and what a
    configuration was and is."""
    return Matcher(rules)


class Watch:
    """Rules that look together. Raises `BadRule`."""

    def __init__(self, guards: Sequence[Guard], *, masks: bool = True) -> None:
        """`masks`: what is found is hidden, so a text that is full of it is hidden up to its end."""
        self._masks = masks
        self._guards = {(guard.rule.id, place): guard for guard in guards for place in guard.places}
        self._matchers: dict[Place, Matcher] = {}
        for place in (*INPUT, *OUTPUT):
            if rules := tuple(guard.rule for guard in guards if place in guard.places):
                self._matchers[place] = _compiled(rules)
        self.longest = max((matcher.longest for matcher in self._matchers.values()), default=0)
        """How many characters of a stream may wait, at the most."""

    @property
    def places(self) -> frozenset[Place]:
        return frozenset(self._matchers)

    def find(self, place: Place, text: str) -> Sequence[Match]:
        """What breaks a rule."""
        matcher = self._matchers.get(place)
        if matcher is None or not text:
            return ()
        # In the history, arguments of tools stand beside what the model said.
        json = place in _JSON or (place == "history" and text.lstrip().startswith(("{", "[")))
        return matcher.find(text, json=json, all_is_masked=self._masks)

    def masked(self, place: Place, text: str) -> str:
        """The text with all that breaks a rule replaced."""
        parts: list[str] = []
        at = 0
        for rule, start, end in self.find(place, text):
            parts += (text[at:start], rule.replacement)
            at = end
        return "".join([*parts, text[at:]])

    def scanner(self, place: Place) -> Scanner:
        """For one channel of a stream. Raises `KeyError` where nothing looks."""
        return Scanner(self._matchers[place], json=place in _JSON)

    def guard_of(self, rule: Rule, place: Place) -> Guard:
        return self._guards[rule.id, place]


class Plan:
    """All the rules with patterns of one agent: the owner's, and those `learned`. Raises `BadRule`."""

    def __init__(self, settings: GuardrailsSettings, learned: Sequence[LearnedRule] = ()) -> None:
        guards = [*_built_in(settings), *_own(settings), *map(_learned, learned)]
        self.changing = Watch([guard for guard in guards if guard.changes])
        self.looking = Watch([guard for guard in guards if not guard.changes], masks=False)
        self.guards = tuple(guards)


def injection_guards(settings: GuardrailsSettings) -> dict[Place, Guard]:
    """What follows where text in a place speaks to the model. The user's is refused; what a tool brought is taken out,
    so that its agent can go on."""
    if INJECTION not in settings.input:
        return {}
    written = settings.rules.get(INJECTION, _PLAIN)
    found: dict[Place, Guard] = {}
    for place in written.places or _FOREIGN:
        action: Action = "block" if place == "user" else "rewrite"
        rule = Rule(
            id=INJECTION,
            reason=written.reason or "it speaks to the model as its owner would",
            replacement=written.replacement or "[taken out: it gave orders to the model]",
        )
        found[place] = Guard(rule, written.action or action, written.mode or settings.mode, (place,))
    return found


def judged_guards(settings: GuardrailsSettings) -> list[tuple[str, Guard]]:
    """The owner's questions to the judge, each with what follows where the answer is yes."""
    return [
        (
            written.judge,
            Guard(
                rule_of(name, written),
                written.action or "flag",
                written.mode or settings.mode,
                written.places or _JUDGED_IN,
            ),
        )
        for name, written in settings.rules.items()
        if written.judge
    ]


def presidio_guards(settings: GuardrailsSettings) -> dict[tuple[str, Place], Guard]:
    """What follows for each kind of thing that Presidio finds, by place."""
    guards: dict[tuple[str, Place], Guard] = {}
    for entity in settings.presidio.entities:
        id = f"{PRESIDIO}.{entity}"
        own, shared = settings.rules.get(id, _PLAIN), settings.rules.get(PRESIDIO, _PLAIN)
        said = entity.replace("_", " ").lower()
        rule = Rule(id=id, reason=f"Presidio finds in it: {said}", replacement=f"[{said}]")
        action, mode = own.action or shared.action or "rewrite", own.mode or shared.mode or settings.mode
        asked = _places(settings, PRESIDIO, id)
        places = (own.places or shared.places or asked) if asked else ()
        guard = Guard(_with_exceptions(rule, own, shared), action, mode, places)
        guards |= {(entity, place): guard for place in places}
    return guards


def _built_in(settings: GuardrailsSettings) -> Iterable[Guard]:
    """A rule by its own name counts before the pack that it is in, in what looks where and in what is different."""
    for pack, rules in PACKS.items():
        for rule in rules:
            places = _places(settings, pack, rule.id)
            if not places:
                continue
            own, shared = settings.rules.get(rule.id, _PLAIN), settings.rules.get(pack, _PLAIN)
            yield Guard(
                _with_exceptions(rule, own, shared),
                own.action or shared.action or "rewrite",
                own.mode or shared.mode or settings.mode,
                own.places or shared.places or places,
            )


def _places(settings: GuardrailsSettings, pack: str, rule: str) -> tuple[Place, ...]:
    looks: list[Place] = []
    for names, places in ((settings.input, INPUT), (settings.output, OUTPUT)):
        if pack in names or rule in names:
            looks.extend(places)
    return tuple(looks)


def _with_exceptions(rule: Rule, *written: RuleSettings) -> Rule:
    allow = (*rule.allow, *(text for each in written for text in each.allow))
    replacement = next((each.replacement for each in written if each.replacement), rule.replacement)
    reason = next((each.reason for each in written if each.reason), rule.reason)
    return msgspec.structs.replace(rule, allow=allow, replacement=replacement, reason=reason)


def _own(settings: GuardrailsSettings) -> Iterable[Guard]:
    for name, written in settings.rules.items():
        if written.patterns or written.words:
            action: Action = "rewrite" if written.replacement else "flag"
            yield Guard(
                rule_of(name, written),
                written.action or action,
                written.mode or settings.mode,
                written.places or (*INPUT, *OUTPUT),
            )


def _learned(learned: LearnedRule) -> Guard:
    return Guard(learned.rule, learned.action, learned.mode, learned.places)
