"""Log-probabilities that a scripted model gives to its words: one token a delta."""

from typing import Any


def logprob(word: str) -> float:
    """Made from its length, so that each answer is told from another."""
    return -len(word) / 10


def logprobs_of(words: tuple[str, ...], *, alternatives: bool) -> list[dict[str, Any]]:
    tokens = [{"token": word, "logprob": logprob(word), "bytes": list(word.encode())} for word in words]
    return [{**token, "top_logprobs": [token] if alternatives else []} for token in tokens]
