"""The digest by which an answer is known again when a later call carries it, whichever API it is carried in."""

import hashlib
from collections.abc import Sequence


def assistant_digest(text: str, call_ids: Sequence[str]) -> bytes:
    # Clients trim what they replay, and pick which of text and calls they keep: ids are unique where there are any.
    said = "\0".join(call_ids) if any(call_ids) else text.strip()
    return hashlib.blake2b(b"assistant\0" + said.encode("utf-8", "surrogatepass"), digest_size=16).digest()
