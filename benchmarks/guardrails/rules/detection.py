"""What the rules find and what they take for something, beside detect-secrets and Presidio's pattern recognisers on the
same texts. None of the texts is ours; half of the lines with secrets were open to whoever wrote the rules, and the
figures are of the other half."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from benchmarks.guardrails.injection.figures import Share
from benchmarks.guardrails.rules.environment import asked, of_peer
from benchmarks.guardrails.rules.labelled import Line
from policies.guardrails.matching import Matcher
from policies.guardrails.packs import PACKS

KINDS = ("card", "email", "iban", "ip_address", "phone", "us_ssn")
_COVERED = 0.8
"""Of what is looked for, at least so much has to be masked."""


class Figures(NamedTuple):
    """Of all that was to be found, how much was; and of all that was flagged, how much was rightly."""

    who: str
    what: str
    recall: Share
    precision: Share


class Place(NamedTuple):
    start: int
    end: int
    kind: str


def held_out(lines: Iterable[Line], *, half: int = 1) -> list[Line]:
    """Of two halves, by a hash of the text."""
    return [line for line in lines if hashlib.sha256(line.text.encode()).digest()[0] % 2 == half]


def of_secrets(what: str, lines: Sequence[Line]) -> list[Figures]:
    """A line that holds a secret is found where anything is flagged in it."""
    matcher = Matcher(PACKS["secrets"])
    texts = [line.text for line in lines]
    flagged = {"Burnish": [bool(matcher.find(text)) for text in texts]}
    for peer in ("detect-secrets", "detect-secrets, eager"):
        flagged[peer] = [bool(found) for found in of_peer(peer, texts)]
    secrets = sum(line.secret for line in lines)
    rows = []
    for who, told in flagged.items():
        right = sum(line.secret and flag for line, flag in zip(lines, told, strict=True))
        rows.append(Figures(who, what, Share(right, secrets), Share(right, sum(told))))
    return rows


def of_personal_data(kinds: Sequence[str] = KINDS) -> list[Figures]:
    """Over all kinds together, then each."""
    sentences = asked("sentences")
    texts = [text for text, _ in sentences]
    truth = [[Place(*place) for place in places] for _, places in sentences]
    presidio, matcher = of_peer("presidio", texts), Matcher(PACKS["pii"])
    found: dict[str, list[list[Place]]] = {
        "Burnish": [_ours(text, matcher) for text in texts],
        "Presidio": [[Place(start, end, kind) for start, end, kind, _ in told] for told in presidio],
        "Presidio, score ≥ 0.4": [
            [Place(start, end, kind) for start, end, kind, score in told if score >= 0.4] for told in presidio
        ],
    }
    return [
        _figures(who, what, truth, told, some)
        for what, some in (("all", kinds), *((kind, (kind,)) for kind in kinds))
        for who, told in found.items()
    ]


def _ours(text: str, matcher: Matcher) -> list[Place]:
    found = [Place(match.start, match.end, match.rule.id.removeprefix("pii.")) for match in matcher.find(text)]
    return [place for place in found if place.kind in KINDS]


def _figures(who: str, what: str, truth: list[list[Place]], told: list[list[Place]], kinds: Sequence[str]) -> Figures:
    wanted = right = given = rightly = 0
    for places, found in zip(truth, told, strict=True):
        there = [place for place in places if place.kind in kinds]
        flagged = _apart([place for place in found if place.kind in kinds])
        wanted += len(there)
        right += sum(any(_covers(flag, place) for flag in flagged) for place in there)
        given += len(flagged)
        rightly += sum(any(_meets(flag, place) for place in there) for flag in flagged)
    return Figures(who, what, Share(right, wanted), Share(rightly, given))


def _apart(places: list[Place]) -> list[Place]:
    """One of those that say the same of the same place."""
    kept: list[Place] = []
    for place in sorted(places, key=lambda place: place.start - place.end):
        if not any(_meets(place, other) for other in kept):
            kept.append(place)
    return kept


def _covers(flag: Place, place: Place) -> bool:
    common = min(flag.end, place.end) - max(flag.start, place.start)
    return flag.kind == place.kind and common >= _COVERED * (place.end - place.start)


def _meets(flag: Place, place: Place) -> bool:
    return flag.kind == place.kind and flag.start < place.end and place.start < flag.end
