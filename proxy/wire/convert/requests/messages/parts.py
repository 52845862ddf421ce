"""The blocks of a message's content, in the words of the Messages API."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

from proxy.wire.convert.conversation import Audio, Base64, Document, FileId, Image, Part, Refusal, Text, Url
from proxy.wire.convert.requests.losses import Losses, refused
from proxy.wire.convert.requests.media import EXTRA, read_mark
from proxy.wire.convert.requests.reading import Fields, Value

_CITATIONS: Final = "the upstream cites no sources"
_PDF: Final = "application/pdf"
_BILLING: Final = "x-anthropic-billing-header:"


def read_content(content: Value | None, losses: Losses) -> tuple[Part, ...]:
    """Content in which there is nothing but text, images and documents: of a result, of a system prompt."""
    if content is None:
        return ()
    if content.kind == "text":
        text = content.text()
        return (Text(text),) if text else ()
    if content.kind != "list":
        raise content.wrong("text or a list")
    parts: list[Part] = []
    for value in content.items():
        block = value.fields()
        kind = block.need("type").text()
        found = read_block(kind, block, losses)
        if found is None:
            raise refused(value.path, f"only the Messages API has {kind[:64]} blocks; leave it out")
        parts += found
        block.close(losses, EXTRA)
    return tuple(parts)


def read_block(kind: str, block: Fields, losses: Losses) -> Sequence[Part] | None:
    """The parts that a block is, or None where it is no content."""
    match kind:
        case "text":
            text = block.need("text").text()
            if (cited := block.get("citations")) is not None:
                losses.note(cited.path, _CITATIONS)
            if text.startswith(_BILLING) and "\n" not in text:
                # It changes with every call, and no cache of prompts would ever match.
                losses.note(block.path, "a billing header, which says nothing to a model")
                return ()
            return (Text(text, read_mark(block)),)
        case "image":
            return (Image(_source(block.need("source").fields(), losses), cache=read_mark(block), path=block.path),)
        case "document":
            return _read_document(block, losses)
        case "search_result":
            return _read_search_result(block, losses)
        case "tool_reference":
            name = block.need("tool_name").text()
            return (Text(f"Tool found: {name}"),)
        case _:
            return None


def _source(source: Fields, losses: Losses) -> Url | Base64 | FileId:
    kind = source.need("type")
    match kind.text():
        case "base64":
            found: Url | Base64 | FileId = Base64(source.need("media_type").text(), source.need("data").text())
        case "url":
            found = Url(source.need("url").text())
        case "file":
            found = FileId(source.need("file_id").text(), "anthropic")
        case other:
            raise kind.odd(other, "base64, url or file")
    source.close(losses, EXTRA)
    return found


def _read_document(block: Fields, losses: Losses) -> Sequence[Part]:
    title, context = block.text("title"), block.text("context")
    mark = read_mark(block)
    if (cited := block.get("citations")) is not None and cited.fields().flag("enabled"):
        losses.note(cited.path, _CITATIONS)
    source = block.need("source").fields()
    kind = source.need("type").text()
    if kind == "text":
        source.skip("media_type")
        about = [text for text in (title, context, source.need("data").text()) if text]
        return (Text("\n\n".join(about), mark),)
    if kind == "content":
        about = [text for text in (title, context) if text]
        return (*(Text(text) for text in about), *read_content(source.need("content"), losses))
    if context:
        losses.note(block.path_of("context"), "the upstream's API takes no notes on files")
    return (Document(_source(source, losses), title, cache=mark, path=block.path),)


def _read_search_result(block: Fields, losses: Losses) -> Sequence[Part]:
    block.skip("citations")
    about = f"{block.need('title').text()}\n{block.need('source').text()}"
    mark = read_mark(block)
    texts = [part.text for part in read_content(block.need("content"), losses) if isinstance(part, Text)]
    return (Text("\n\n".join((about, *texts)), mark),)


def write_part(part: Part, path: str, losses: Losses) -> dict[str, Any] | None:
    """None for a text with nothing in it: the API refuses those."""
    match part:
        case Text(text):
            return {"type": "text", "text": text} if text.strip() else None
        case Refusal(text):
            losses.note(path, "the Messages API has no refusals; it is told as text")
            return {"type": "text", "text": text} if text.strip() else None
        case Image(source, detail):
            if detail is not None and detail != "auto":
                losses.note(f"{part.path}.detail", "the Messages API has no level of detail")
            return {"type": "image", "source": _write_source(source, part.path)}
        case Document(source, name):
            found = {"type": "document", "source": _document_source(source, part.path)}
            return found if name is None else {**found, "title": name}
        case Audio():
            raise refused(part.path, "the Messages API takes no audio; send its transcript")


def _write_source(source: Url | Base64 | FileId, path: str) -> dict[str, str]:
    match source:
        case Base64(media_type, data):
            return {"type": "base64", "media_type": media_type.partition(";")[0].strip().lower(), "data": data}
        case Url(url) if not url.startswith("data:"):
            return {"type": "url", "url": url}
        case Url():
            raise refused(path, "the Messages API takes data only in base64; encode it so")
        case FileId():
            raise refused(path, "the upstream has no file by this id; send the file itself")


def _document_source(source: Url | Base64 | FileId, path: str) -> dict[str, str]:
    if not isinstance(source, Base64):
        return _write_source(source, path)
    found = _write_source(source, path)
    if found["media_type"] == _PDF:
        return found
    if not found["media_type"].startswith("text/"):
        raise refused(path, f"the Messages API takes no {source.media_type[:64] or 'untyped'} files; send PDF or text")
    try:
        text = base64.b64decode(source.data, validate=True).decode()
    except (binascii.Error, ValueError):
        raise refused(path, "the file is not text in UTF-8 and base64, and the Messages API takes no other") from None
    return {"type": "text", "media_type": "text/plain", "data": text}
