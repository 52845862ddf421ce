"""Where the tensors lie in a safetensors file: its header, read without them.

Source of the format: https://huggingface.co/docs/safetensors.
"""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Placed(NamedTuple):
    """A tensor's type and shape, and the bytes of the file that hold it."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    length: int


def placed_in(file: Path) -> Mapping[str, Placed]:
    """By name. Raises `OSError`, and `ValueError` for another kind of file."""
    with file.open("rb") as data:
        (size,) = struct.unpack("<Q", data.read(8))
        header = json.loads(data.read(size))
    header.pop("__metadata__", None)
    found = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        found[name] = Placed(entry["dtype"], tuple(entry["shape"]), 8 + size + begin, end - begin)
    return found
