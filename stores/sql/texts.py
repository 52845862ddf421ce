"""What was asked and what was answered, as plain text, whichever API's JSON they are in.

Lists show it and searches look in it; the bodies themselves stay in the record.
"""

from typing import Any, Final

import msgspec

from stores.messages import Body

LIMIT: Final = 8192
"""Characters of a question or an answer that are kept for lists and searches."""


class _Message(msgspec.Struct):
    role: Any = None
    content: Any = None


class _Choice(msgspec.Struct):
    message: _Message | None = None
    text: Any = None


class _Answer(msgspec.Struct):
    choices: list[_Choice] = []  # chat completions, and completions with `text`
    output: list[_Message] = []  # responses
    content: Any = None  # messages


_MESSAGE: Final = msgspec.json.Decoder(_Message)
_ANSWER: Final = msgspec.json.Decoder(_Answer)
_TEXT: Final = msgspec.json.Decoder(str)


def question(body: Body) -> str:
    """The last message of the user that has any text; empty when there is none."""
    try:
        for message in reversed(body.messages):
            if bytes(message)[:1] == b"{":
                said = _MESSAGE.decode(message)
                if said.role == "user" and (text := _plain(said.content)):
                    return text[:LIMIT]
        if body.conversation is None:
            for name in ("input", "prompt"):
                if bytes(body.top.get(name, b""))[:1] == b'"':
                    return _TEXT.decode(body.top[name])[:LIMIT]
    except (msgspec.DecodeError, RecursionError):
        pass
    return ""


def answer(text: str) -> str:
    """The first choice's text; empty when it has none, as with a tool call alone."""
    try:
        said = _ANSWER.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return ""
    if said.choices:
        first = said.choices[0]
        return _plain(first.message.content if first.message else first.text)[:LIMIT]
    if said.output:
        return "\n".join(filter(None, (_plain(item.content) for item in said.output)))[:LIMIT]
    return _plain(said.content)[:LIMIT]


def _plain(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = (part.get("text") if isinstance(part, dict) else part for part in content)
        return "\n".join(text for text in texts if isinstance(text, str))
    return ""
