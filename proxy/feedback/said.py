"""The body of `POST /v1/feedback`: a run, and what is said of it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from proxy.config.problems import shown, suggestion
from proxy.config.reward import RECORDED
from proxy.errors import BadRequest
from proxy.wire import document
from records.feedback import RATINGS
from records.score import CORRECTION, GOLD, PREFERENCE, RATING, THUMBS

Grader: TypeAlias = Literal["code", "judge", "human"]

COMMENT: Final = "comment"
_OWN: Final = (THUMBS, RATING, CORRECTION, PREFERENCE, COMMENT, GOLD, RECORDED)
"""Names of scores that mean something to Burnish itself."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LONGEST: Final = 256
_VERDICTS: Final = ("thumbs", "rating", "correction", "preferred_over", "score", "comment")


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """A value on a scale of the owner's own, by one of the owner's programs or people."""

    name: str
    value: float
    rationale: str | None = None
    source: Grader = "code"
    version: str = "1"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """All that one call says; everything is about the one run."""

    run_id: str | None = None
    response_id: str | None = None
    thumbs: Literal["up", "down"] | None = None
    rating: int | None = None
    correction: str | None = None
    preferred_over: str | None = None
    score: Graded | None = None
    comment: str | None = None
    rater: str | None = None
    idempotency_key: str | None = None
    token: str | None = None


_BODY: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_SAID: Final = msgspec.json.Decoder(Said)
_ANY: Final = msgspec.json.Decoder(Any)


def read_said(body: bytes) -> Said:
    """Raises `BadRequest` naming the field that is wrong."""
    fields = document.read(body, _BODY)
    _only_known(fields, Said)
    if isinstance(score := _value(fields, "score"), dict):
        _only_known(score, Graded, "score.")
    for name, words in (("thumbs", ("up", "down")), ("score.source", ("code", "judge", "human"))):
        _one_of(fields, name, words)
    said: Said = document.read(body, _SAID)
    _check(said)
    return said


def _only_known(fields: Iterable[str], kind: type[msgspec.Struct], inside: str = "") -> None:
    known = kind.__struct_fields__
    for name in fields:
        if name not in known:
            hint = suggestion(name, known) or f"; the fields are {', '.join(known)}"
            raise BadRequest(f"{shown(inside + name)}: unknown field{hint}", param=inside + name, code="unknown_field")


def _value(fields: Mapping[str, msgspec.Raw], name: str) -> Any:
    return document.read(bytes(fields.get(name, b"null")), _ANY)


def _one_of(fields: Mapping[str, msgspec.Raw], path: str, words: tuple[str, ...]) -> None:
    outer, _, inner = path.partition(".")
    value = _value(fields, outer)
    if inner:
        value = value.get(inner) if isinstance(value, dict) else None
    if value is not None and value not in words:
        hint = suggestion(value.lower(), words) if isinstance(value, str) else ""
        raise _wrong(path, f"{shown(value)} is none of {', '.join(words)}{hint}")


def _check(said: Said) -> None:
    if (said.run_id is None) == (said.response_id is None):
        raise BadRequest(
            "name the run: either run_id (the answer's x-burnish-run-id) or response_id (the answer's id)",
            param="run_id",
            code="missing_field" if said.run_id is None else "invalid_value",
        )
    if all(getattr(said, name) is None for name in _VERDICTS):
        raise BadRequest(f"nothing is said of the run; send one of {', '.join(_VERDICTS)}", code="missing_field")
    for name in ("run_id", "response_id", "preferred_over", "rater", "idempotency_key", "token"):
        value = getattr(said, name)
        if value is not None and not 0 < len(value) <= _LONGEST:
            raise _wrong(name, f"must be 1 to {_LONGEST} characters")
    for name in ("correction", "comment"):
        if (text := getattr(said, name)) is not None and not text.strip():
            raise _wrong(name, "is empty; leave it out")
    if said.rating is not None and said.rating not in RATINGS:
        raise _wrong("rating", f"{said.rating} is not from {RATINGS[0]} to {RATINGS[-1]}")
    if said.preferred_over is not None and said.preferred_over == said.run_id:
        raise _wrong("preferred_over", "a run cannot be preferred over itself")
    if said.score is not None:
        _check_score(said.score)


def _check_score(score: Graded) -> None:
    if not _NAME.fullmatch(score.name):
        raise _wrong("score.name", "expected letters, digits, '.', '_' and '-', at most 64")
    if score.name in _OWN:
        field = score.name if score.name in _VERDICTS else "another name"
        raise _wrong("score.name", f"{score.name!r} is Burnish's own; use {field}")
    if not 0 < len(score.version) <= _LONGEST:
        raise _wrong("score.version", f"must be 1 to {_LONGEST} characters")


def _wrong(field: str, why: str) -> BadRequest:
    return BadRequest(f"{field}: {why}", param=field, code="invalid_value")
