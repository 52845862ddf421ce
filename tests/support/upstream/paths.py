"""Where each API is asked, and which API a path belongs to."""

from typing import Final, Literal, TypeAlias, get_args

Api: TypeAlias = Literal["chat", "responses", "messages", "embeddings", "completions"]
APIS: Final[frozenset[Api]] = frozenset(get_args(Api))

CHAT: Final = "/v1/chat/completions"
RESPONSES: Final = "/v1/responses"
COMPACT: Final = "/v1/responses/compact"
INPUT_TOKENS: Final = "/v1/responses/input_tokens"
CONVERSATIONS: Final = "/v1/conversations"
MESSAGES: Final = "/v1/messages"
COUNT_TOKENS: Final = "/v1/messages/count_tokens"
EMBEDDINGS: Final = "/v1/embeddings"
COMPLETIONS: Final = "/v1/completions"

_ROOTS: Final[dict[str, Api]] = {
    CHAT: "chat",
    RESPONSES: "responses",
    CONVERSATIONS: "responses",
    MESSAGES: "messages",
    EMBEDDINGS: "embeddings",
    COMPLETIONS: "completions",
}


def api_of(path: str) -> Api | None:
    """The API whose route this is, or one below it; None for routes that every server has, and unknown ones."""
    return next((api for root, api in _ROOTS.items() if path == root or path.startswith(f"{root}/")), None)
