"""Images, files and cache marks, as chat completions and Responses both write them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from proxy.wire.convert.conversation import Base64, CacheMark, FileId, Part, Refusal, Text, Url
from proxy.wire.convert.requests.losses import Losses, refused
from proxy.wire.convert.requests.reading import Fields

_BASE64: Final = ";base64,"
_NOT_OURS: Final = "cache marks of another API mean nothing to this upstream, which caches by itself"
EXTRA: Final = "the upstream's API has no such field"


def source_of(url: str) -> Url | Base64:
    head, separator, data = url.partition(_BASE64)
    if separator and head.startswith("data:") and "," not in head:
        return Base64(head.removeprefix("data:"), data)
    return Url(url)


def url_of(source: Url | Base64 | FileId, path: str) -> str:
    match source:
        case Url(url):
            return url
        case Base64():
            return source.data_url
        case FileId():
            raise refused(path, "the upstream has no file by this id; send the file itself")


def file_of(file: Fields) -> Base64 | Url | FileId:
    """The content of a file that is given by its data or its id."""
    if (data := file.text("file_data")) is not None:
        file.skip("file_id")
        found = source_of(data)
        if isinstance(found, Base64) or data.startswith("data:"):
            return found
        named = (file.text("filename") or "").lower()
        return Base64("application/pdf" if named.endswith(".pdf") else "application/octet-stream", data)
    return FileId(file.need("file_id").text(), "openai")


def read_mark(fields: Fields) -> CacheMark | None:
    """Some clients that speak chat completions mark what to cache as the Messages API does."""
    if (found := fields.get("prompt_cache_breakpoint")) is not None:
        mark = found.fields()
        mark.skip("mode")
        return CacheMark("openai", mark.text("ttl"))
    if (found := fields.get("cache_control")) is not None:
        mark = found.fields()
        mark.skip("type")
        return CacheMark("anthropic", mark.text("ttl"))
    return None


def with_mark(part: dict[str, Any], mark: CacheMark | None) -> dict[str, Any]:
    if mark is None:
        return part
    ttl = {} if mark.ttl is None else {"ttl": mark.ttl}
    return {**part, "prompt_cache_breakpoint": {"mode": "explicit", **ttl}}


def unmarked(parts: Iterable[Part], path: str, losses: Losses) -> tuple[Part, ...]:
    """Without the marks that only the Messages API reads."""
    return tuple(_unmarked(part, path, losses) for part in parts)


def _unmarked(part: Part, path: str, losses: Losses) -> Part:
    if isinstance(part, Refusal) or part.cache is None or part.cache.dialect == "openai":
        return part
    losses.note(f"{path}.cache_control", _NOT_OURS)
    return replace(part, cache=None)


def plain(parts: Sequence[Part]) -> str | None:
    """The text of content that is nothing but a text, else None."""
    if not parts:
        return ""
    first = parts[0]
    return first.text if len(parts) == 1 and isinstance(first, Text) and first.cache is None else None
