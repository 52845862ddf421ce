"""A provider's embeddings, over `POST {base_url}/embeddings`.

Source: https://platform.openai.com/docs/api-reference/embeddings. Vectors are asked for in base64, a quarter of the
bytes; a server that knows only numbers is understood too.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
import numpy as np

from stores.embedding import EmbeddingError, Vectors

AT_ONCE: Final = 128
"""Texts of one request."""
LONGEST: Final = 8_000
"""Characters of a text; more are cut, since servers refuse what is longer than their model reads."""
_SHOWN: Final = 200


class UpstreamEmbedder:
    """Any thread may call it. `timeout` is in seconds, for each request."""

    def __init__(
        self,
        provider: str,
        model: str,
        base_url: str,
        *,
        api_key: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
    ) -> None:
        self._name = f"{model} of {provider}"
        self._space = f"{provider}/{model}"
        self._model = model
        self._url = f"{base_url.rstrip('/')}/embeddings"
        sent = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(headers={**sent, **(headers or {})}, timeout=timeout)
        self._base64 = True
        self._size: int | None = None

    @property
    def space(self) -> str:
        return self._space

    @property
    def size(self) -> int:
        """As its first vector tells: asks for one where none has come yet. Raises `EmbeddingError`."""
        if self._size is None:
            self._size = self.embed(["size"]).shape[1]
        return self._size

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.size), np.float32)
        # Servers refuse an empty text.
        cut = [text[:LONGEST] or " " for text in texts]
        found = np.concatenate([self._asked(cut[start : start + AT_ONCE]) for start in range(0, len(cut), AT_ONCE)])
        if self._size is None:
            self._size = found.shape[1]
        elif self._size != found.shape[1]:
            raise EmbeddingError(
                f"{self._name} gave vectors of {found.shape[1]} numbers, and of {self._size} before; it is another "
                "model now: name it otherwise"
            )
        return found

    def close(self) -> None:
        self._client.close()

    def _asked(self, texts: Sequence[str]) -> Vectors:
        response = self._post(texts)
        if response.status_code in (400, 422) and self._base64:
            # It may not know base64: what else is wrong with the request, the second answer tells.
            self._base64 = False
            response = self._post(texts)
        if response.status_code != 200:
            self._base64 = True
            raise EmbeddingError(
                f"{self._name} gave no vectors: {response.status_code} {response.text[:_SHOWN]!r} from {self._url}; "
                "see its provider in the configuration, and records.embedder"
            )
        try:
            vectors = np.stack([_vector(row["embedding"]) for row in _in_order(response.content, len(texts))])
        except (ValueError, TypeError, KeyError) as error:
            raise EmbeddingError(
                f"{self._name} answered with something else than {len(texts)} vectors ({error}); "
                f"is {self._url} an API like OpenAI's?"
            ) from error
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def _post(self, texts: Sequence[str]) -> httpx.Response:
        body: dict[str, Any] = {"model": self._model, "input": list(texts)}
        if self._base64:
            body["encoding_format"] = "base64"
        try:
            return self._client.post(self._url, json=body)
        except httpx.HTTPError as error:
            raise EmbeddingError(
                f"{self._name} cannot be asked for vectors now: {type(error).__name__} at {self._url}"
            ) from error


def _in_order(body: bytes, count: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(body)["data"]
    if len(rows) != count:
        raise ValueError(f"there are {len(rows)}")
    return sorted(rows, key=lambda row: row.get("index", 0))


def _vector(told: object) -> Vectors:
    """Raises `ValueError` for what is no direction: of no length, or not finite."""
    vector = (
        np.frombuffer(base64.b64decode(told, validate=True), "<f4")
        if isinstance(told, str)
        else np.asarray(told, np.float32)
    )
    if vector.ndim != 1 or not np.isfinite(vector).all() or not vector.any():
        raise ValueError("one is no vector")
    return vector.astype(np.float32)
