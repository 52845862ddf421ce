"""Keys and their hashes."""

import base64
import hashlib

from proxy.config.keys import hash_key, is_hash, new_key


def test_a_key_holds_256_bits_and_no_two_are_alike() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert {len(base64.urlsafe_b64decode(key.removeprefix("bn-") + "=")) for key in keys} == {32}


def test_what_is_kept_of_a_key_is_its_sha256() -> None:
    assert hash_key("bn-test") == "sha256:" + hashlib.sha256(b"bn-test").hexdigest()
    assert is_hash(hash_key("bn-test"))


def test_a_key_is_not_taken_for_its_hash() -> None:
    assert not is_hash(new_key())
    assert not is_hash("sha256:9f2c…")
    assert not is_hash(hash_key("bn-test") + "\n")
