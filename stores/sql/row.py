"""A run as the row it is stored as, and back.

The columns are there to filter and to list by; the run itself is `document`, complete but for the request bodies when
those were cut into shared parts (`bodies`).
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from records.run import Run
from stores.messages import Body, Digest, Template, digests_for
from stores.runs import IndexedRun, IndexedRuns, StoreError
from stores.sql import texts

TextOrNone = TypeVar("TextOrNone", str, str | None)

_MAX: Final = 2**63 - 1
_LONGEST_ID: Final = 256


class RunRow(NamedTuple):
    """The columns of table `runs`, save its own sequence number."""

    id: str
    trace_id: str
    tenant: str
    agent: str
    session: str | None
    session_source: str
    user_id: str | None
    config_hash: str
    source: str
    turn: str
    variant: str
    propensity: float | None
    provider: str | None
    model: str | None
    response_id: str | None
    status: int
    outcome: str
    streamed: bool
    started_ns: int
    ended_ns: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    question: str
    answer: str
    document: bytes
    bodies: bytes | None


class Bodies(msgspec.Struct, frozen=True, array_like=True):
    """The request bodies of a run that share parts with others."""

    request: Template | None
    sent: Template | None

    @property
    def parts(self) -> list[Digest]:
        return [digest for body in (self.request, self.sent) if body for digest in body.parts]


_ENCODER: Final = msgspec.msgpack.Encoder()
_RUN: Final = msgspec.msgpack.Decoder(Run)
_BODIES: Final = msgspec.msgpack.Decoder(Bodies)


class MessageRow(NamedTuple):
    """The columns of table `messages`; here `uses` is what is added to those there."""

    tenant: str
    digest: Digest
    uses: int
    body: bytes


class Batch:
    """The rows of runs that are added together."""

    def __init__(self, runs: Iterable[Run]) -> None:
        """Raises `StoreError` for a run that no row can hold."""
        self.rows: list[RunRow] = []
        self._parts: list[list[Digest]] = []
        self._shared: dict[str, dict[Digest, bytes]] = {}
        digests: dict[str, Callable[[bytes], Digest]] = {}
        for run in runs:
            tenant = clean(run.tenant)
            if tenant not in digests:
                digests[tenant] = digests_for(tenant)
                self._shared[tenant] = {}
            row, parts = row_of(run, digests[tenant], self._shared[tenant])
            self.rows.append(row)
            self._parts.append(parts)

    def messages(self, new: Container[str] | None = None) -> list[MessageRow]:
        """The parts that the runs refer to, or those among them whose ids are in `new`.

        In one order everywhere, so that two writers never wait for each other's rows.
        """
        used = [
            (row.tenant, digest)
            for row, parts in zip(self.rows, self._parts, strict=True)
            if parts and (new is None or row.id in new)
            for digest in parts
        ]
        return [
            MessageRow(tenant, digest, count, self._shared[tenant][digest])
            for (tenant, digest), count in sorted(Counter(used).items())
        ]


def row_of(run: Run, digest_of: Callable[[bytes], Digest], shared: dict[Digest, bytes]) -> tuple[RunRow, list[Digest]]:
    """The row, and the digests it refers to, once for each place; the parts themselves are added to `shared`."""
    question, bodies, stripped = "", None, run
    if run.request is not None:
        body = Body(run.request)
        question = texts.question(body)
        request = body.split(digest_of, shared)
        sent = Body(run.sent).split(digest_of, shared) if run.sent is not None else None
        if request or sent:
            bodies = Bodies(request, sent)
            stripped = msgspec.structs.replace(
                run, request=None if request else run.request, sent=None if sent else run.sent
            )
    assignment = next(run.facts("assignment"), None)
    propensity = assignment.attributes.get("propensity") if assignment else None
    usage = run.usage
    try:
        document = _ENCODER.encode(stripped)
    except (OverflowError, UnicodeEncodeError, TypeError) as error:
        raise StoreError(f"run {run.id} cannot be stored: {error}") from None
    row = RunRow(
        run.id,
        run.trace_id,
        clean(run.tenant),
        clean(run.agent),
        clean(run.session),
        run.session_source,
        clean(run.user),
        clean(run.config_hash),
        run.source,
        run.turn,
        clean(run.variant),
        propensity if isinstance(propensity, float) else None,
        clean(run.provider),
        clean(run.model or run.model_requested),
        _short(run.response_id),
        _integer(run.status),
        run.outcome,
        run.streamed,
        _integer(run.started_ns),
        _integer(run.ended_ns),
        _integer(usage.input) if usage else None,
        _integer(usage.output) if usage else None,
        run.cost_usd,
        clean(question),
        clean(texts.answer(run.answer)) if run.answer else "",
        document,
        _ENCODER.encode(bodies) if bodies else None,
    )
    return row, bodies.parts if bodies else []


def run_of(document: bytes, bodies: Bodies | None, parts: Mapping[Digest, bytes]) -> Run:
    """The run that `row_of` was given. Raises `StoreError` when a shared part is missing."""
    run = _RUN.decode(document)
    if bodies is None:
        return run
    try:
        return msgspec.structs.replace(
            run,
            request=bodies.request.join(parts) if bodies.request else run.request,
            sent=bodies.sent.join(parts) if bodies.sent else run.sent,
        )
    except KeyError:
        raise StoreError(f"run {run.id}: a part of its body is missing; restore the database from a backup") from None


def bodies_of(stored: bytes | None) -> Bodies | None:
    return None if stored is None else _BODIES.decode(stored)


def clean(value: TextOrNone) -> TextOrNone:
    """The text as a column can hold it: PostgreSQL knows no NUL. The document keeps the exact one."""
    return value.replace("\0", "\ufffd") if value else value


def _short(id: str | None) -> str | None:
    """None for what is too long for an index to hold, and so no id that anybody would send back."""
    return clean(id) if id is not None and len(id) <= _LONGEST_ID else None


def _integer(value: int) -> int:
    """The number as a column of 64 bits can hold it. The document keeps the exact one."""
    return value if -_MAX <= value <= _MAX else (_MAX if value > 0 else -_MAX)


def indexed(rows: Sequence[Any], limit: int, last: int, fact: str | None) -> IndexedRuns:
    """Rows of place, document and question, read up to `last` where there were fewer than the `limit`."""
    mark = fact.encode() if fact is not None else b""
    found = [IndexedRun(place, run_of(told, None, {}), question) for place, told, question in rows if mark in told]
    full = len(rows) == limit
    return IndexedRuns(found, rows[-1][0] if full else last, full)
