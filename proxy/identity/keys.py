"""One authorisation for every credential header a client may use."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from proxy.errors import ApiError

T = TypeVar("T")


class Keyring(Generic[T]):
    """Keys by the hash of the key: the key itself is hashed first, and never compared or kept."""

    def __init__(self, hashes: Mapping[str, T]) -> None:
        self._by_digest = {bytes.fromhex(text.removeprefix("sha256:")): holder for text, holder in hashes.items()}

    def holder(self, headers: Sequence[tuple[bytes, bytes]]) -> T:
        """Whose key the request carries. Raises 401."""
        holder = self._by_digest.get(hashlib.sha256(credential_of(headers)).digest())
        if holder is None:
            raise _refused("unknown API key; it may have been revoked (make one with `burnish key new AGENT`)")
        return holder


def credential_of(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The key that the request carries, as a bearer token or as `x-api-key`. Raises 401."""
    found: bytes | None = None
    for name, value in headers:
        if name == b"authorization":
            scheme, _, credential = value.partition(b" ")
            if scheme.lower() != b"bearer":
                raise _refused("the authorization header is not of the form `Bearer KEY`")
            credential = credential.strip()
        elif name in (b"x-api-key", b"api-key"):
            credential = value.strip()
        else:
            continue
        if not credential:
            continue  # Libraries that are given no key for a scheme send it empty.
        if found is not None and credential != found:
            raise _refused("the request carries two different keys; send one")
        found = credential
    if not found:
        raise _refused("no API key; send it as `Authorization: Bearer KEY` (make one with `burnish key new AGENT`)")
    return found


def _refused(message: str) -> ApiError:
    return ApiError(401, message, type="authentication_error", code="invalid_api_key")
