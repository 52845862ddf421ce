"""The order that APIs with messages want: what a turn called, then what the calls gave, then what else was said."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

from proxy.wire.convert.conversation import Item, Message, Reasoning, ToolCall, ToolResult

Run: TypeAlias = list[Item]


def by_model(item: Item) -> bool:
    """Whether the model said it."""
    return isinstance(item, Reasoning | ToolCall) or (isinstance(item, Message) and item.role == "assistant")


def settled(items: Sequence[Item]) -> list[Run]:
    """The conversation as runs of items, by turns not the model's and the model's; the results of calls follow at once.

    A result without a call, or a call without a result, stays where it is: the upstream judges it as the client's own
    would have.
    """
    results = _results(items)
    runs: list[Run] = []
    taken: set[int] = set()
    for model, group in groupby(enumerate(items), key=lambda each: by_model(each[1])):
        run = list(group)
        if model:
            runs.append([item for _, item in run])
            given = [place for _, item in run if isinstance(item, ToolCall) for place in _next(results, item.id)]
            taken.update(given)
            runs.append([items[place] for place in sorted(given)])
        else:
            rest = [item for place, item in run if place not in taken]
            if runs and not by_model_run(runs[-1]):
                runs[-1] += rest
            else:
                runs.append(rest)
    return [list(run) for run in _merged(runs)]


def by_model_run(run: Run) -> bool:
    return bool(run) and by_model(run[0])


def leading(items: Sequence[Item]) -> int:
    """How many items there are before anybody but the developer speaks."""
    count = 0
    for item in items:
        if not (isinstance(item, Message) and item.role in ("system", "developer")):
            break
        count += 1
    return count


def _results(items: Sequence[Item]) -> dict[str, deque[list[int]]]:
    """Where the results of each call are, for every call with that id: some clients count anew in every turn."""
    found: dict[str, deque[list[int]]] = {}
    for place, item in enumerate(items):
        if isinstance(item, ToolCall):
            found.setdefault(item.id, deque()).append([])
        elif isinstance(item, ToolResult) and item.call_id in found:
            found[item.call_id][-1].append(place)
    return found


def _next(results: dict[str, deque[list[int]]], id: str) -> list[int]:
    return results[id].popleft()


def _merged(runs: list[Run]) -> Iterator[Run]:
    """Without the empty ones, so that the model's turns with nothing between them are one."""
    for _, group in groupby((run for run in runs if run), key=by_model_run):
        yield [item for run in group for item in run]
