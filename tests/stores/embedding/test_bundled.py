"""The embedder that comes with Burnish: its own weights, run for real."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from proxy.bundled.embedders import ALL_MINILM_L6_V2
from proxy.bundled.fetch import cache_folder
from stores.embedding import EmbeddingError
from stores.embedding.bundled import LONGEST, BundledEmbedder
from stores.embedding.minilm import minilm
from tests.support.embedder import embedder

__all__ = ["embedder"]

PARAPHRASES = [
    ("I still have not received my new card", "My card has not arrived in the mail yet"),
    ("How do I change my PIN?", "Where can I set a different PIN code"),
    ("The ATM swallowed my card", "A cash machine kept my card"),
    ("Why was I charged a fee for this transfer?", "There is an extra cost on the money I sent"),
    ("Can my child have an account?", "What is the minimum age to open an account"),
    ("I want to close my account", "Please delete my account for good"),
]


def test_a_question_is_nearest_to_its_paraphrase(embedder: BundledEmbedder) -> None:
    asked = embedder.embed([question for question, _ in PARAPHRASES])
    kept = embedder.embed([other for _, other in PARAPHRASES])
    assert (asked @ kept.T).argmax(axis=1).tolist() == list(range(len(PARAPHRASES)))


def test_vectors_have_the_size_it_tells_and_length_one(embedder: BundledEmbedder) -> None:
    vectors = embedder.embed(["a", "a somewhat longer text", ""])
    assert vectors.shape == (3, embedder.size)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert embedder.embed([]).shape == (0, embedder.size)


def test_a_text_gets_the_same_vector_in_whatever_company(embedder: BundledEmbedder) -> None:
    texts = ["short", "a text of middling length, for company", "a long one " * 80] * 3
    together = embedder.embed(texts)
    np.testing.assert_allclose(together, np.concatenate([embedder.embed([text]) for text in texts]), atol=1e-5)


def test_more_than_the_model_reads_is_cut(embedder: BundledEmbedder) -> None:
    long = "word " * (LONGEST - 2)
    whole, same, other = embedder.embed([long, long + "and then something else", "else " + long])
    np.testing.assert_allclose(whole, same, atol=1e-6)
    assert float(whole @ other) < 0.9999


def test_nobody_is_told_that_it_runs(embedder: BundledEmbedder, tmp_path: Path) -> None:
    """What runs the model would tell its maker, by way of a folder in the user's home."""
    files = (cache_folder(os.environ) / each.name for each in (ALL_MINILM_L6_V2.weights, ALL_MINILM_L6_V2.tokenizer))
    code = "import sys; from pathlib import Path; from stores.embedding.bundled import BundledEmbedder; "
    code += "BundledEmbedder(*map(Path, sys.argv[1:])).embed(['hello'])"
    home = {"HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code, *map(str, files)], env=home, check=True, timeout=60)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("content", [b"", b"no weights at all", b"\x02" + bytes(7) + b"{}"])
def test_files_that_are_no_model_are_refused_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(EmbeddingError, match="remove them, and they are fetched again"):
        BundledEmbedder(tmp_path / "model.safetensors", tmp_path / "tokenizer.json")


def test_weights_that_are_another_models_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\x02" + bytes(7) + b"{}")
    with pytest.raises(ValueError, match=r"embeddings\.word_embeddings\.weight is missing"):
        minilm(tmp_path / "model.safetensors")
