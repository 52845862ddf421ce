"""What OpenAI refuses before a model sees it: what another server stored or sealed, above all."""

from collections.abc import Iterator
from typing import Any

from tests.support.upstream.answer import Answer, Reply
from tests.support.upstream.failures import error
from tests.support.upstream.memory import Memory, conversation_of
from tests.support.upstream.reading import input_items
from tests.support.upstream.received import Received
from tests.support.upstream.responses.missing import missing

_CALLS = {"function_call_output": "function_call", "custom_tool_call_output": "custom_tool_call"}


def refusal(document: dict[str, Any], request: Received) -> Answer | None:
    reply = next(_refusals(document, request.memory), None)
    return None if reply is None else reply(request)


def _refusals(document: dict[str, Any], memory: Memory) -> Iterator[Reply]:
    previous, conversation = document.get("previous_response_id"), conversation_of(document)
    if previous and conversation:
        yield error(
            400,
            "Mutually exclusive parameters. Ensure you are only providing one of: "
            "'previous_response_id' or 'conversation'.",
            code="mutually_exclusive_parameters",
        )
    if previous and previous not in memory.responses:
        yield error(
            400,
            f"Previous response with id '{previous}' not found.",
            code="previous_response_not_found",
            param="previous_response_id",
        )
    if conversation and conversation not in memory.conversations:
        yield missing(f"Conversation with id '{conversation}' not found.", param="conversation")
    if document.get("background") and document.get("store") is False:
        yield error(400, "Background mode requires 'store' to be true.", param="background")
    yield from _in_the_input(document, memory)


def _in_the_input(document: dict[str, Any], memory: Memory) -> Iterator[Reply]:
    items = input_items(document)
    known = [*memory.before(document), *items]
    for item in items:
        kind, name, sealed = item.get("type"), item.get("id"), item.get("encrypted_content")
        if sealed and not memory.opens(sealed):
            yield error(
                400,
                f"The encrypted content {str(sealed)[:8]}... could not be verified. "
                "Reason: Encrypted content could not be decrypted or parsed.",
                code="invalid_encrypted_content",
            )
        # Reasoning without its content stands for reasoning that was stored, as a reference does.
        elif (kind == "item_reference" or (kind == "reasoning" and not sealed)) and not memory.knows(str(name)):
            yield missing(
                f"Item with id '{name}' not found. Items are not persisted when `store` is set to false. "
                "Try again with `store` set to true, or remove this item from your input.",
                param="input",
            )
        elif kind in _CALLS and not any(
            other.get("type") == _CALLS[kind] and other.get("call_id") == item.get("call_id") for other in known
        ):
            yield error(
                400,
                f"No tool call found for {kind.replace('_', ' ')} with call_id {item.get('call_id')}.",
                param="input",
            )
