"""Answers in Chroma, embedded: in a folder that this process alone has open.

Alone: chromadb 1.5 keeps in memory what it has read of a folder, and never learns what another process wrote there. A
reader that had asked once found none of 60 answers written since, not even those written before it asked again; counts
alone were right. `stores.answers.shared` lets many processes ask the one that has the folder. Vectors come from our
embedders; Chroma's own, which downloads its model, is not used. Chroma has ids and vectors only: words would outlast
their deletion there.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import chromadb
import numpy as np
from chromadb.config import Settings
from chromadb.errors import NotFoundError

from stores.answers import Answer, Collection, Found, Vector
from stores.answers.naming import COSINE, labels_of, name_of
from stores.answers.texts import AnswerTexts
from stores.runs import StoreError

T = TypeVar("T")

_AT_ONCE: Final = 500
_IDS: Final = 10_000


class ChromaAnswers:
    """Any thread may call it."""

    def __init__(self, folder: Path) -> None:
        """Raises `StoreError`."""
        self._folder = folder
        self._known: dict[Collection, Any] = {}
        settings = Settings(is_persistent=True, persist_directory=str(folder), anonymized_telemetry=False)
        with self._explained():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Its types are narrower than what it takes, and lack `close`.
            self._client: Any = chromadb.Client(settings)
            self._texts = AnswerTexts(folder / "answers.db")

    def nearest(self, collection: Collection, vector: Vector, limit: int) -> list[Found]:
        def ask(there: Any) -> list[Found]:
            found = there.query(query_embeddings=[vector], n_results=limit, include=["embeddings", "distances"])
            answers = self._texts.get(name_of(collection), found["ids"][0])
            rows = zip(found["ids"][0], found["distances"][0], found["embeddings"][0], strict=True)
            return [
                Found(answers[id], 1.0 - distance, np.asarray(its, np.float32))
                for id, distance, its in rows
                # Else it is being dropped.
                if id in answers
            ]

        return self._with(collection, ask, []) if limit > 0 else []

    def put(self, collection: Collection, answers: Sequence[Answer], vectors: Sequence[Vector]) -> None:
        # By id: Chroma refuses one that is there twice.
        rows = list({answer.id: (answer, vector) for answer, vector in zip(answers, vectors, strict=True)}.values())
        with self._explained():
            self._texts.put(name_of(collection), [answer for answer, _ in rows])
            there = self._client.get_or_create_collection(
                name_of(collection),
                configuration=COSINE,
                metadata=labels_of(collection),
                embedding_function=None,
            )
            for start in range(0, len(rows), _AT_ONCE):
                some = rows[start : start + _AT_ONCE]
                there.upsert(ids=[answer.id for answer, _ in some], embeddings=[vector for _, vector in some])

    def drop(self, collection: Collection, ids: Sequence[str]) -> None:
        def delete(there: Any) -> None:
            for start in range(0, len(ids), _AT_ONCE):
                there.delete(ids=list(ids[start : start + _AT_ONCE]))

        with self._explained():
            self._texts.drop(name_of(collection), ids)
        self._with(collection, delete, None)

    def ids(self, collection: Collection) -> list[str]:
        def pages(there: Any) -> list[str]:
            found: list[str] = []
            while some := there.get(include=[], limit=_IDS, offset=len(found))["ids"]:
                found += some
            return found

        return self._with(collection, pages, [])

    def clear(self, collection: Collection) -> None:
        self._known.pop(collection, None)
        with self._explained(), suppress(NotFoundError):
            self._texts.clear(name_of(collection))
            self._client.delete_collection(name_of(collection))

    def close(self) -> None:
        self._known.clear()
        self._client.close()
        self._texts.close()

    def _with(self, collection: Collection, do: Callable[[Any], T], nothing: T) -> T:
        """What `do` finds in the collection; `nothing` where there is none."""
        with self._explained():
            try:
                there = self._known.get(collection)
                if there is None:
                    there = self._client.get_collection(name_of(collection), embedding_function=None)
                    self._known[collection] = there
                return do(there)
            except NotFoundError:
                self._known.pop(collection, None)
                return nothing

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # Of many types: chromadb's own, and those of what it is written in.
            why = " ".join(str(error).split())[:300] or type(error).__name__
            raise StoreError(f"the answers in {self._folder} cannot be used now: {why}") from error
