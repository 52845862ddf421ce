"""Where the answers of a configuration are found, and what embeds them: each opened when it is first asked for.

Blocking: for a thread, or for the background process. Nothing heavy is imported before.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from proxy.bundled.embedders import ALL_MINILM_L6_V2
from proxy.bundled.fetch import cache_folder, missing
from proxy.config.model import Config, Records

if TYPE_CHECKING:
    from stores.answers import AnswerIndex
    from stores.embedding import Embedder
    from stores.embedding.upstream import UpstreamEmbedder

FOLDER: Final = "answers"
"""In the folder of the records."""


class Library:
    """`timeout` is in seconds, for each exchange with whoever has the answers; `embedding` with whoever embeds, if that
    is another. Any thread may ask it."""

    def __init__(
        self,
        config: Config,
        *,
        timeout: float,
        embedding: float | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._config = config
        self._timeout = timeout
        self._embedding = timeout if embedding is None else embedding
        self._environ = environ
        self._index: AnswerIndex | None = None
        self._embedder: Embedder | None = None
        self._upstream: UpstreamEmbedder | None = None

    def index(self) -> "AnswerIndex":
        """Whatever is wrong with it is told when it is used."""
        if self._index is None:
            records = self._config.records
            if records.chroma == "embedded":
                from stores.answers.shared import SharedAnswers

                self._index = SharedAnswers(folder_of(records.dir), timeout=self._timeout)
            else:
                from stores.answers.server import ServerAnswers

                self._index = ServerAnswers(records.chroma, timeout=self._timeout)
        return self._index

    def embedder(self) -> "Embedder":
        """Raises `EmbeddingError` where its files are not there whole: only `burnish serve` and `burnish worker` fetch
        them, beside their work."""
        if self._embedder is None:
            self._embedder = self._opened()
        return self._embedder

    def close(self) -> None:
        if self._index is not None:
            self._index.close()
            self._index = None
        if self._upstream is not None:
            self._upstream.close()
            self._upstream = None
        self._embedder = None

    def _opened(self) -> "Embedder":
        chosen = self._config.records.embedder
        if chosen == "bundled":
            return self._bundled()
        from stores.embedding.upstream import UpstreamEmbedder

        provider = self._config.providers[chosen.provider]
        self._upstream = UpstreamEmbedder(
            chosen.provider,
            chosen.model,
            provider.base_url or "",
            api_key=provider.api_key.get_secret_value() if provider.api_key is not None else None,
            headers={name: value.get_secret_value() for name, value in provider.headers.items()},
            timeout=self._embedding,
        )
        return self._upstream

    def _bundled(self) -> "Embedder":
        from stores.embedding import EmbeddingError
        from stores.embedding.bundled import BundledEmbedder

        folder = cache_folder(self._environ)
        if missing(ALL_MINILM_L6_V2, folder):
            raise EmbeddingError(
                f"the embedder {ALL_MINILM_L6_V2.name} is not in {folder}: `burnish serve` fetches it and logs what "
                f"keeps it from that; wait for it, or {ALL_MINILM_L6_V2.instead}"
            )
        weights, tokenizer = (folder / file.name for file in ALL_MINILM_L6_V2.files)
        return BundledEmbedder(weights, tokenizer)


def lasting(config: Config, first: Records) -> Config:
    """The configuration with its records where the process found them when it began; what embeds may be another."""
    records = first.model_copy(update={"embedder": config.records.embedder})
    return config if records == config.records else config.model_copy(update={"records": records})


def origins(config: Config) -> tuple[object, ...]:
    """All that a library is made from: where this is the same, one will do."""
    records = config.records
    where = (records.dir, records.chroma, records.embedder)
    if records.embedder == "bundled":
        return where
    provider = config.providers[records.embedder.provider]
    return (*where, provider.base_url, provider.api_key, provider.headers)


def folder_of(records: Path) -> Path:
    """The folder of embedded Chroma."""
    return records / FOLDER
