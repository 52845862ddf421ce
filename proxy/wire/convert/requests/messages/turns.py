"""The turns of a Messages request: the user's and the model's in alternation, the user's first."""

import re
from typing import Any, Final

import msgspec

from proxy.wire.convert.conversation import Item, Message, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from proxy.wire.convert.requests.losses import Losses, refused
from proxy.wire.convert.requests.messages.offers import Marks
from proxy.wire.convert.requests.messages.parts import write_part
from proxy.wire.convert.requests.models import Claude
from proxy.wire.convert.requests.tools import INPUT, as_function_call, fitting
from proxy.wire.convert.requests.turns import Run, by_model_run, settled

_SILENCE: Final = "(nothing said yet)"
"""The user's first turn where the model spoke first: the API has no conversation without one."""
_GO_ON: Final = "Go on."
"""The user's last turn where the model spoke last: the API would take its words for the beginning of the answer."""
_LATE: Final = "<system-reminder>\n{}\n</system-reminder>"
"""How instructions in the middle of a conversation are told to models that take them only at its beginning."""
_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])

Block = dict[str, Any]


class Turns:
    def __init__(self, model: Claude, marks: Marks, losses: Losses, *, plain_reasoning: bool) -> None:
        self._model = model
        self._marks = marks
        self._losses = losses
        self._plain_reasoning = plain_reasoning

    def system(self, items: list[Message]) -> str | list[Block] | None:
        blocks = [block for item in items for block in self._texts(item)]
        return _shortest(blocks) if blocks else None

    def written(self, items: list[Item]) -> list[Block]:
        runs = settled(items)
        turns: list[Block] = []
        for run in runs:
            turns.extend(self._model_turn(run) if by_model_run(run) else self._user_turn(run))
        if not turns or turns[0]["role"] != "user":
            turns.insert(0, {"role": "user", "content": _SILENCE})
            self._losses.note("messages", "the user speaks first in the Messages API; a turn is put in")
        if turns[-1]["role"] == "assistant" and not any(isinstance(item, ToolCall) for item in runs[-1]):
            turns.append({"role": "user", "content": _GO_ON})
            self._losses.note("messages", "the user speaks last in the Messages API; a turn is put in")
        return turns

    def _user_turn(self, run: Run) -> list[Block]:
        results = [self._result(item) for item in run if isinstance(item, ToolResult)]
        said = [item for item in run if isinstance(item, Message)]
        late = [item for item in said if item.role != "user"]
        # Their own message has to follow a user's.
        apart = self._model.late_instructions and (bool(results) or len(late) < len(said))
        blocks = list(results)
        for item in said:
            if item.role == "user":
                blocks += self._blocks(item)
            elif not apart:
                blocks += [{"type": "text", "text": _LATE.format(text["text"])} for text in self._texts(item)]
        turns: list[Block] = [{"role": "user", "content": _shortest(blocks)}] if blocks else []
        if late and apart:
            turns.append(
                {"role": "system", "content": _shortest([text for item in late for text in self._texts(item)])}
            )
        elif late:
            self._losses.note(late[0].path, "the model takes no instructions here; they are told as a reminder")
        return [turn for turn in turns if turn["content"]]

    def _texts(self, message: Message) -> list[Block]:
        if any(not isinstance(part, Text) for part in message.parts):
            raise refused(message.path, "the Messages API takes only text as instructions")
        return self._blocks(message)

    def _blocks(self, message: Message) -> list[Block]:
        return self._written(message.parts, message.path)

    def _written(self, parts: tuple[Part, ...], path: str) -> list[Block]:
        blocks: list[Block] = []
        for part in parts:
            if (block := write_part(part, path, self._losses)) is None:
                self._losses.note(path, "the Messages API takes no empty text")
                continue
            if not isinstance(part, Refusal):
                self._marks.put(block, part.cache)
            blocks.append(block)
        return blocks

    def _result(self, result: ToolResult) -> Block:
        block: Block = {"type": "tool_result", "tool_use_id": fitting_id(result.call_id)}
        if content := _shortest(self._written(result.parts, result.path)):
            block["content"] = content
        if result.is_error:
            block["is_error"] = True
        self._marks.put(block, result.cache)
        return block

    def _model_turn(self, run: Run) -> list[Block]:
        blocks: list[Block] = []
        calls = 0
        for item in run:
            if isinstance(item, ToolCall):
                calls += 1
                blocks.append(self._call(item))
            elif isinstance(item, Reasoning):
                blocks += self._thought(item)
            elif isinstance(item, Message):
                if any(not isinstance(part, Text | Refusal) for part in item.parts):
                    raise refused(item.path, "the Messages API takes only text from an assistant")
                # The results of calls follow them at once.
                place = next((at for at, block in enumerate(blocks) if block["type"] == "tool_use"), len(blocks))
                blocks[place:place] = self._blocks(item)
        return [{"role": "assistant", "content": _shortest(blocks)}] if blocks else []

    def _call(self, call: ToolCall) -> Block:
        call = as_function_call(call)
        block = {"type": "tool_use", "id": fitting_id(call.id), "name": call.name, "input": self._input(call)}
        self._marks.put(block, call.cache)
        return block

    def _input(self, call: ToolCall) -> Any:
        """The arguments' own text where it is an object; a model may have written anything."""
        text = call.arguments.strip()
        if not text:
            return {}
        try:
            _OBJECT.decode(text)
        except (msgspec.DecodeError, RecursionError):
            self._losses.note(call.path, f"arguments that are no JSON object are told as {INPUT!r}")
            return {INPUT: call.arguments}
        return msgspec.Raw(text.encode())

    def _thought(self, thought: Reasoning) -> list[Block]:
        seal = thought.seal
        if seal is not None and seal.dialect == "anthropic":
            if seal.redacted:
                return [{"type": "redacted_thinking", "data": seal.value}]
            return [{"type": "thinking", "thinking": thought.readable, "signature": seal.value}]
        self._losses.sealed(thought)
        if not thought.readable:
            return []
        if not self._plain_reasoning:
            self._losses.note(thought.path, "the upstream takes back only reasoning that it signed itself")
            return []
        return [{"type": "thinking", "thinking": thought.readable, "signature": ""}]


def fitting_id(id: str) -> str:
    """The same for a call and its result, in letters that the API takes."""
    return id if _ID.fullmatch(id) else fitting(re.sub(r"[^a-zA-Z0-9_-]", "_", id), 64, of=id)


def _shortest(blocks: list[Block]) -> str | list[Block]:
    """A text that is all there is needs no block."""
    if not blocks:
        return ""
    only = blocks[0] if len(blocks) == 1 else {}
    return str(only["text"]) if only.keys() == {"type", "text"} else blocks
