"""Reasoning that only one provider can read, carried through a client that speaks another API, and known again.

A signature of the Messages API travels as the encrypted content of a Responses item, and the other way round. The label
says whose it is: sent to anybody else, it would be refused.
"""

from proxy.wire.convert.conversation import Dialect, Seal

_LABELS: dict[tuple[Dialect, bool], str] = {
    ("anthropic", False): "burnish:anthropic:",
    ("anthropic", True): "burnish:anthropic-redacted:",
    ("openai", False): "burnish:openai:",
}


def labelled(seal: Seal) -> str:
    """What to give a client of another API than the provider's."""
    return _LABELS[seal.dialect, seal.redacted and seal.dialect == "anthropic"] + seal.value


def opened(value: str, dialect: Dialect, *, redacted: bool = False) -> Seal:
    """What a client sent back. Without a label it is of the API that the client speaks."""
    for (found, was_redacted), label in _LABELS.items():
        if value.startswith(label):
            return Seal(found, value.removeprefix(label), was_redacted)
    return Seal(dialect, value, redacted)
