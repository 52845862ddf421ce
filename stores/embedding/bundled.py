"""The embedder that comes with Burnish: all-MiniLM-L6-v2, on a processor, without a network.

onnxruntime on one thread takes a third of the time that numpy takes for a question of fifteen tokens (3 ms of an idle
x86-64 core), and half of that for each of many; a second thread made it slower. It holds no lock of the interpreter.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from tokenizers import Encoding, Tokenizer

from stores.embedding import EmbeddingError, Vectors
from stores.embedding.minilm import SIZE, minilm

LONGEST: Final = 256
"""Tokens that the model was made to read; more are cut."""
_TOKENS_AT_ONCE: Final = 1024
"""With padding: what is embedded at once needs some 20 MB."""


class BundledEmbedder:
    """`weights` and `tokenizer` are the model's files. Any thread may call it."""

    def __init__(self, weights: Path, tokenizer: Path) -> None:
        """Raises `EmbeddingError`. Takes 0.2 s."""
        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
            self._session = _session(weights)
        except Exception as error:  # What either raises is of no type of its own.
            raise EmbeddingError(
                f"the embedder's files cannot be used ({weights.parent}): {error}; remove them, and they are fetched "
                "again at the next start"
            ) from error
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.no_padding()

    @property
    def space(self) -> str:
        return "all-minilm-l6-v2"

    @property
    def size(self) -> int:
        return SIZE

    def embed(self, texts: Sequence[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch_fast(list(texts))
        vectors = np.empty((len(texts), SIZE), np.float32)
        for chosen in _batches(encoded):
            vectors[chosen] = self._run([encoded[place].ids for place in chosen])
        return vectors

    def _run(self, texts: Sequence[Sequence[int]]) -> Vectors:
        longest = max(map(len, texts))
        ids = np.zeros((len(texts), longest), np.int64)
        mask = np.zeros((len(texts), longest), np.float32)
        for row, tokens in enumerate(texts):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1.0
        fed = {"ids": ids, "positions": np.arange(longest), "mask": mask}
        vectors: Vectors = self._session.run(["vectors"], fed)[0]
        return vectors


def _session(weights: Path) -> Any:
    # Told before it is imported: it would report to its maker that it runs, and where.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime  # type: ignore[import-untyped]  # It has no types.

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # What a batch needed is given back: the longest one would else decide what every worker keeps.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(weights.parent))
    return onnxruntime.InferenceSession(minilm(weights), options, providers=["CPUExecutionProvider"])


def _batches(encoded: Sequence[Encoding]) -> Iterator[list[int]]:
    """Places of texts that are about as long, so that little is padded."""
    batch: list[int] = []
    for place in sorted(range(len(encoded)), key=lambda place: len(encoded[place].ids)):
        # Sorted: the last is the longest, so all are padded to it.
        if batch and (len(batch) + 1) * len(encoded[place].ids) > _TOKENS_AT_ONCE:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
