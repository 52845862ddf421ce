"""Runs in any database that SQLAlchemy speaks to: what is read and deleted everywhere, and added on PostgreSQL."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, bindparam, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from records.run import Run
from stores.messages import Digest
from stores.runs import IndexedRuns, Position, RunFilter, RunSummary, StoreError
from stores.sql.engine import WRITES, explained
from stores.sql.guard_erasure import forget_guards, lock_guards
from stores.sql.insight_erasure import forget_insights, forget_words_of, lock_insights
from stores.sql.queries import page, where
from stores.sql.row import Batch, bodies_of, clean, indexed, run_of
from stores.sql.tables import cursors as cursors_table
from stores.sql.tables import messages, scores
from stores.sql.tables import runs as runs_table

_CHUNK: Final = 500
"""Values in one `IN`: well under what any SQLite allows."""
ADDING: Final = 0x72756E73  # "runs"
"""PostgreSQL's advisory lock of whoever puts runs."""


class SqlStore:
    """A `RunStore` over an engine; `name` is how its errors call the database."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name

    def put(self, runs: Sequence[Run], cursors: Mapping[str, int]) -> int:
        batch = Batch({run.id: run for run in runs}.values())
        with self._begin() as connection:
            new: set[str] = set()
            if batch.rows:
                # Held until the transaction has become visible, which numbers drawn from a sequence do not wait for.
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADDING})
                added = insert(runs_table).on_conflict_do_nothing(index_elements=["id"]).returning(runs_table.c.id)
                new.update(connection.execute(added, [row._asdict() for row in batch.rows]).scalars())
            if parts := batch.messages(new):
                shares = insert(messages)
                connection.execute(
                    shares.on_conflict_do_update(
                        index_elements=["tenant", "digest"],
                        set_={"uses": messages.c.uses + shares.excluded.uses},
                    ),
                    [part._asdict() for part in parts],
                )
            if cursors:
                moved = insert(cursors_table)
                connection.execute(
                    moved.on_conflict_do_update(index_elements=["segment"], set_={"position": moved.excluded.position}),
                    [{"segment": segment, "position": position} for segment, position in sorted(cursors.items())],
                )
        return len(new)

    def cursors(self) -> dict[str, int]:
        with self._connect() as connection:
            found = connection.execute(select(cursors_table.c.segment, cursors_table.c.position))
            return {row.segment: row.position for row in found}

    def forget_cursors(self, segments: Sequence[str]) -> None:
        with self._begin() as connection:
            connection.execute(delete(cursors_table).where(cursors_table.c.segment.in_(segments)))

    def get(self, run_id: str) -> Run | None:
        with self._connect() as connection:
            columns = runs_table.c
            found = connection.execute(
                select(columns.tenant, columns.document, columns.bodies).where(columns.id == run_id)
            ).one_or_none()
            if found is None:
                return None
            bodies = bodies_of(found.bodies)
            parts = self._parts(connection, found.tenant, bodies.parts) if bodies else {}
            return run_of(found.document, bodies, parts)

    def matching(self, prefix: str, limit: int = 2) -> list[str]:
        columns = runs_table.c
        with self._connect() as connection:
            return list(
                connection.execute(
                    select(columns.id)
                    # "g" sorts behind every hex digit.
                    .where(columns.id >= prefix, columns.id < f"{prefix}g")
                    .order_by(columns.started_ns.desc())
                    .limit(limit)
                ).scalars()
            )

    def find(self, which: RunFilter, limit: int = 50, after: Position | None = None) -> list[RunSummary]:
        with self._connect() as connection:
            return [RunSummary(**row) for row in connection.execute(page(which, limit, after)).mappings()]

    def after(self, seq: int, limit: int, agent: str | None = None, *, fact: str | None = None) -> IndexedRuns:
        columns = runs_table.c
        with self._connect() as connection:
            last = connection.execute(select(func.coalesce(func.max(columns.seq), 0))).scalar_one()
            wanted = [columns.seq > seq, columns.seq <= last, *([columns.agent == clean(agent)] if agent else ())]
            rows = connection.execute(
                select(columns.seq, columns.document, columns.question)
                .where(*wanted)
                .order_by(columns.seq)
                .limit(limit)
            )
            return indexed(rows.all(), limit, max(seq, last), fact)

    def count(self, which: RunFilter) -> int:
        with self._connect() as connection:
            return connection.execute(select(func.count()).select_from(runs_table).where(*where(which))).scalar_one()

    def delete(self, which: RunFilter, limit: int | None = None) -> list[str]:
        conditions = where(which)
        if not conditions:
            raise ValueError("refusing to delete every run: the filter names none")
        columns = runs_table.c
        doomed = select(columns.seq).where(*conditions).order_by(columns.started_ns, columns.seq).limit(limit)
        with self._begin() as connection:
            lock_insights(connection)
            lock_guards(connection)
            gone = connection.execute(
                delete(runs_table).where(columns.seq.in_(doomed)).returning(columns.id, columns.tenant, columns.bodies)
            ).all()
            self._release(
                connection,
                Counter(
                    (row.tenant, digest)
                    for row in gone
                    if (bodies := bodies_of(row.bodies)) is not None
                    for digest in bodies.parts
                ),
            )
            subjects = [*(row.id for row in gone), *(which.ids or ())]
            self._forget_scores(connection, subjects)
            forget_insights(connection, subjects)
            forget_guards(connection, subjects)
            if which == RunFilter(user=which.user):
                connection.execute(delete(scores).where(scores.c.rater == clean(which.user)))
                forget_words_of(connection, clean(which.user))
        return [row.id for row in gone]

    def backup(self, file: Path, progress: Callable[[int, int], None] | None = None) -> None:
        raise StoreError(f"{self.name} is not an SQLite file; back it up with the database's own tool, such as pg_dump")

    def close(self) -> None:
        self.engine.dispose()

    def _parts(self, connection: Connection, tenant: str, digests: list[Digest]) -> dict[Digest, bytes]:
        found: dict[Digest, bytes] = {}
        wanted = list(dict.fromkeys(digests))
        for start in range(0, len(wanted), _CHUNK):
            rows = connection.execute(
                select(messages.c.digest, messages.c.body).where(
                    messages.c.tenant == tenant, messages.c.digest.in_(wanted[start : start + _CHUNK])
                )
            )
            found.update((digest, body) for digest, body in rows)
        return found

    def _release(self, connection: Connection, uses: Counter[tuple[str, Digest]]) -> None:
        """Takes back so many uses of each part, and drops the parts that no run uses."""
        if not uses:
            return
        part = (messages.c.tenant == bindparam("whose")) & (messages.c.digest == bindparam("which"))
        released = [
            {"whose": tenant, "which": digest, "times": uses[tenant, digest]} for tenant, digest in sorted(uses)
        ]
        connection.execute(update(messages).where(part).values(uses=messages.c.uses - bindparam("times")), released)
        connection.execute(delete(messages).where(part, messages.c.uses <= 0), released)

    def _forget_scores(self, connection: Connection, subjects: list[str]) -> None:
        for start in range(0, len(subjects), _CHUNK):
            some = subjects[start : start + _CHUNK]
            connection.execute(delete(scores).where(or_(scores.c.subject.in_(some), scores.c.against.in_(some))))

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        with self.explaining(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with (
            self.explaining(),
            self.engine.connect().execution_options(**{WRITES: True}) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Turns the database's errors into `StoreError`."""
        try:
            yield
        except SQLAlchemyError as error:
            raise explained(error, self.name) from error
