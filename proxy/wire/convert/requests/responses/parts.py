"""The parts of a message's content, in the words of the Responses API."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from proxy.wire.convert.conversation import Audio, Base64, Document, FileId, Image, Part, Refusal, Text, Url
from proxy.wire.convert.requests.losses import Losses, refused
from proxy.wire.convert.requests.media import EXTRA, file_of, plain, read_mark, source_of, unmarked, with_mark
from proxy.wire.convert.requests.reading import Fields, Value

_FILE_NAME: Final = "document.pdf"
"""For a document without a title: a file's data needs a name."""
_KNOWN: Final = "input_text, input_image, input_file, output_text or refusal"


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
    match kind.text():
        case "input_text" | "output_text" | "text":
            found: Part = _read_text(part, losses)
        case "refusal":
            found = Refusal(part.need("refusal").text())
        case "input_image":
            found = Image(_image_of(part), part.text("detail"), read_mark(part), part.path)
        case "input_file":
            named, detail = part.text("filename"), part.text("detail")
            found = Document(_document_of(part), named, detail, read_mark(part), part.path)
        case "input_audio":
            audio = part.need("input_audio").fields()
            found = Audio(audio.need("data").text(), audio.need("format").text(), path=part.path)
        case other:
            raise kind.odd(other, _KNOWN)
    part.close(losses, EXTRA)
    return found


def _read_text(part: Fields, losses: Losses) -> Text:
    part.skip("logprobs")
    if (notes := part.get("annotations")) is not None and notes.items():
        losses.note(notes.path, "the upstream's API takes no notes on what was said before")
    return Text(part.need("text").text(), read_mark(part))


def _image_of(part: Fields) -> Url | Base64 | FileId:
    if (url := part.text("image_url")) is not None:
        part.skip("file_id")
        return source_of(url)
    return FileId(part.need("file_id").text(), "openai")


def _document_of(part: Fields) -> Url | Base64 | FileId:
    if (url := part.text("file_url")) is not None:
        part.skip("file_id", "file_data")
        return Url(url)
    return file_of(part)


def write_content(parts: Sequence[Part], path: str, losses: Losses) -> str | list[dict[str, Any]]:
    parts = unmarked(parts, path, losses)
    text = plain(parts)
    return text if text is not None else write_parts(parts, path, losses)


def write_parts(parts: Iterable[Part], path: str, losses: Losses) -> list[dict[str, Any]]:
    return [_write_part(part) for part in unmarked(parts, path, losses)]


def _write_part(part: Part) -> dict[str, Any]:
    match part:
        case Text(text, cache):
            return with_mark({"type": "input_text", "text": text}, cache)
        case Refusal(text):
            return {"type": "refusal", "refusal": text}
        case Image(source, detail, cache):
            image = {"type": "input_image", **_image(source, part.path), "detail": detail or "auto"}
            return with_mark(image, cache)
        case Document(source, name, detail, cache):
            file = {"type": "input_file", **_file(source, name, part.path)}
            if detail is not None:
                file["detail"] = detail
            return with_mark(file, cache)
        case Audio():
            raise refused(part.path, "the Responses API takes no audio; send its transcript")


def write_said(part: Part, path: str) -> dict[str, Any]:
    """A part of what the model said."""
    match part:
        case Text(text):
            return {"type": "output_text", "text": text, "annotations": []}
        case Refusal(text):
            return {"type": "refusal", "refusal": text}
        case _:
            raise refused(path, "the Responses API takes only text from an assistant")


def _image(source: Url | Base64 | FileId, path: str) -> dict[str, str]:
    match source:
        case Url(url):
            return {"image_url": url}
        case Base64():
            return {"image_url": source.data_url}
        case FileId(id, "openai"):
            return {"file_id": id}
        case FileId():
            raise refused(path, "the upstream has no file by this id; send the image itself")


def _file(source: Url | Base64 | FileId, name: str | None, path: str) -> dict[str, str]:
    named = {"filename": name} if name is not None else {}
    match source:
        case Base64():
            return {"file_data": source.data_url, "filename": name or _FILE_NAME}
        case Url(url) if url.startswith("data:"):
            return {"file_data": url, "filename": name or _FILE_NAME}
        case Url(url):
            return {"file_url": url, **named}
        case FileId(id, "openai"):
            return {"file_id": id, **named}
        case FileId():
            raise refused(path, "the upstream has no file by this id; send the file itself")
