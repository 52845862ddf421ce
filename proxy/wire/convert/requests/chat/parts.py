"""The parts of a message's content, in the words of chat completions."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from proxy.wire.convert.conversation import Audio, Base64, Document, FileId, Image, Part, Refusal, Text, Url
from proxy.wire.convert.requests.losses import Losses, refused
from proxy.wire.convert.requests.media import EXTRA, file_of, plain, read_mark, source_of, unmarked, url_of, with_mark
from proxy.wire.convert.requests.reading import Fields, Value

_FILE_NAME: Final = "document.pdf"
"""For a document without a title: a file's data needs a name."""
_KNOWN: Final = "text, image_url, input_audio, file or refusal"


def read_content(content: Value | None, losses: Losses) -> tuple[Part, ...]:
    if content is None:
        return ()
    if content.kind == "text":
        text = content.text()
        return (Text(text),) if text else ()
    if content.kind != "list":
        raise content.wrong("text or a list")
    return tuple(_read_part(part, losses) for part in content.items())


def _read_part(value: Value, losses: Losses) -> Part:
    part = value.fields()
    kind = part.need("type")
    found = _part(kind.text(), kind, part, losses)
    part.close(losses, EXTRA)
    return found


def _part(type: str, kind: Value, part: Fields, losses: Losses) -> Part:
    match type:
        case "text":
            return Text(part.need("text").text(), read_mark(part))
        case "refusal":
            return Refusal(part.need("refusal").text())
        case "image_url":
            image = part.need("image_url")
            if image.kind == "text":
                return Image(source_of(image.text()), cache=read_mark(part), path=part.path)
            fields = image.fields()
            found = Image(source_of(fields.need("url").text()), fields.text("detail"), read_mark(part), part.path)
            fields.close(losses, EXTRA)
            return found
        case "input_audio":
            fields = part.need("input_audio").fields()
            return Audio(fields.need("data").text(), fields.need("format").text(), read_mark(part), part.path)
        case "file":
            fields = part.need("file").fields()
            document = Document(file_of(fields), fields.text("filename"), cache=read_mark(part), path=part.path)
            fields.close(losses, EXTRA)
            return document
        case _:
            raise kind.odd(type, _KNOWN)


def write_content(parts: Sequence[Part], path: str, losses: Losses) -> str | list[dict[str, Any]]:
    parts = unmarked(parts, path, losses)
    text = plain(parts)
    return text if text is not None else write_parts(parts, path, losses)


def write_parts(parts: Iterable[Part], path: str, losses: Losses) -> list[dict[str, Any]]:
    return [_write_part(part, losses) for part in unmarked(parts, path, losses)]


def _write_part(part: Part, losses: Losses) -> dict[str, Any]:
    match part:
        case Text(text, cache):
            return with_mark({"type": "text", "text": text}, cache)
        case Refusal(text):
            return {"type": "refusal", "refusal": text}
        case Image(source, detail, cache):
            image = {"url": url_of(source, part.path)}
            if detail is not None and detail != "auto":
                image["detail"] = detail
            return with_mark({"type": "image_url", "image_url": image}, cache)
        case Audio(data, format, cache):
            return with_mark({"type": "input_audio", "input_audio": {"data": data, "format": format}}, cache)
        case Document(source, name, detail, cache):
            if detail is not None and detail != "auto":
                losses.note(f"{part.path}.detail", "the chat API has no level of detail for files")
            return with_mark({"type": "file", "file": _file(source, name, part.path)}, cache)


def _file(source: Url | Base64 | FileId, name: str | None, path: str) -> dict[str, str]:
    match source:
        case Base64():
            return {"file_data": source.data_url, "filename": name or _FILE_NAME}
        case Url(url) if url.startswith("data:"):
            return {"file_data": url, "filename": name or _FILE_NAME}
        case FileId(id, "openai"):
            return {"file_id": id, **({"filename": name} if name is not None else {})}
        case FileId():
            raise refused(path, "the upstream has no file by this id; send the file itself")
        case Url():
            raise refused(path, "the chat API takes no file by its URL; send its content")
