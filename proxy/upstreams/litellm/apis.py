"""The APIs in which calls are handed to litellm, and what it is called and given for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from middleware.messages import Chunk
from proxy.upstreams.attempts import UpstreamFailed
from proxy.upstreams.litellm import chat, embeddings
from proxy.wire.chat import ChatChunk
from records import JsonValue


@dataclass(frozen=True, slots=True)
class LitellmApi:
    """`arguments(body, provider, litellm's name of it)` may raise `BadRequest`; `whole(response, body)` reads what
    `function` returned."""

    function: str
    arguments: Callable[[bytes, str, str], dict[str, JsonValue]]
    whole: Callable[[Any, bytes], Chunk]


_APIS: Final[Mapping[str, LitellmApi]] = {
    "chat": LitellmApi(
        "acompletion",
        lambda body, provider, _: chat.arguments_of(body, provider),
        lambda response, _: ChatChunk(chat.whole(response), whole=True),
    ),
    "embeddings": LitellmApi("aembedding", embeddings.arguments_of, embeddings.whole),
}


def api_of(name: str, provider: str) -> LitellmApi:
    """Raises `UpstreamFailed` for an API that litellm does not do justice: of text completions it makes chats, several
    prompts in one."""
    found = _APIS.get(name)
    if found is None:
        raise UpstreamFailed(
            404,
            f"provider {provider!r} is reached through litellm, which has no {name}; "
            "use /v1/chat/completions, or a model of another provider",
            type="not_found_error",
            param="model",
            code="unsupported_api",
        ).may(fall_back=True, fault=None)
    return found
