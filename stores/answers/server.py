"""Answers on a Chroma server, for workers on several machines.

Spoken to over its HTTP API, since chromadb's own client waits for ever when a server is silent, and takes 44 MB and a
second to import. Source: https://docs.trychroma.com/reference/overview, version 2 of the API, as of Chroma 1.5.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import httpx
import numpy as np
import orjson

from stores.answers import Answer, Collection, Found, Vector
from stores.answers.naming import COSINE, answer_of, labels_of, metadata_of, name_of
from stores.runs import StoreError

_ROOT: Final = "/api/v2/tenants/default_tenant/databases/default_database/collections"
_AT_ONCE: Final = 500
_IDS: Final = 10_000


class _NoCollection(Exception):
    """There is none of that name, or it was deleted since its id was learned."""


class ServerAnswers:
    """Any thread may call it. `timeout` is in seconds, for each request."""

    def __init__(self, url: str, *, timeout: float) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.Client(timeout=timeout, headers={"content-type": "application/json"})
        self._known: dict[Collection, str] = {}

    def nearest(self, collection: Collection, vector: Vector, limit: int) -> list[Found]:
        if limit <= 0:
            return []
        asked = {"query_embeddings": [vector], "n_results": limit, "include": ["metadatas", "embeddings", "distances"]}
        with self._explained():
            found = self._in(collection, "query", asked)
            if found is None:
                return []
            rows = zip(found["metadatas"][0], found["distances"][0], found["embeddings"][0], strict=True)
            return [
                Found(answer_of(metadata), 1.0 - distance, np.asarray(its, np.float32))
                for metadata, distance, its in rows
            ]

    def put(self, collection: Collection, answers: Sequence[Answer], vectors: Sequence[Vector]) -> None:
        # By id: Chroma refuses one that is there twice.
        rows = list({answer.id: (answer, vector) for answer, vector in zip(answers, vectors, strict=True)}.values())
        with self._explained():
            self._make(collection)
            for start in range(0, len(rows), _AT_ONCE):
                some = rows[start : start + _AT_ONCE]
                sent = {
                    "ids": [answer.id for answer, _ in some],
                    "embeddings": [vector for _, vector in some],
                    "metadatas": [metadata_of(answer) for answer, _ in some],
                }
                self._in(collection, "upsert", sent)

    def drop(self, collection: Collection, ids: Sequence[str]) -> None:
        with self._explained():
            for start in range(0, len(ids), _AT_ONCE):
                self._in(collection, "delete", {"ids": list(ids[start : start + _AT_ONCE])})

    def ids(self, collection: Collection) -> list[str]:
        found: list[str] = []
        with self._explained():
            while True:
                page = self._in(collection, "get", {"include": [], "limit": _IDS, "offset": len(found)})
                if not page or not page["ids"]:
                    return found
                found += page["ids"]

    def clear(self, collection: Collection) -> None:
        self._known.pop(collection, None)
        with self._explained(), suppress(_NoCollection):
            self._asked("DELETE", f"/{name_of(collection)}")

    def close(self) -> None:
        self._client.close()

    def _make(self, collection: Collection) -> None:
        made = self._asked(
            "POST",
            "",
            {
                "name": name_of(collection),
                "configuration": COSINE,
                "metadata": labels_of(collection),
                "get_or_create": True,
            },
        )
        self._known[collection] = made["id"]

    def _in(self, collection: Collection, what: str, body: dict[str, Any]) -> Any:
        """The server's answer; None where there is no such collection."""
        try:
            if (known := self._known.get(collection)) is not None:
                try:
                    return self._asked("POST", f"/{known}/{what}", body)
                except _NoCollection:
                    # Another process may have cleared it, and filled it again.
                    self._known.pop(collection, None)
            found: str = self._asked("GET", f"/{name_of(collection)}")["id"]
            answer = self._asked("POST", f"/{found}/{what}", body)
        except _NoCollection:
            return None
        self._known[collection] = found
        return answer

    def _asked(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        content = None if body is None else orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
        answer = self._client.request(method, f"{self._url}{_ROOT}{path}", content=content)
        if answer.status_code == 404 and answer.json().get("error") == "NotFoundError":
            raise _NoCollection
        if answer.is_error:
            raise ValueError(f"{answer.status_code} {answer.text[:200]}")
        return orjson.loads(answer.content) if answer.content else None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
            why = " ".join(str(error).split())[:300] or type(error).__name__
            raise StoreError(f"Chroma at {self._url} cannot be used now: {why}; see records.chroma") from error
