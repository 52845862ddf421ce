"""A run as the branches of its trace: what happened, when, how long it took, and what was decided."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from burnish.commands.wording import count, duration, money, one_line
from records.run import Attempt, Fact, JsonValue, Run, SideCall, Step, ToolEvent

BAR = 20
"""Characters that stand for the whole call."""

_TIME = 10
_TIMES = _TIME + 2 + BAR + _TIME
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_OUTCOMES = {
    "ok": "green",
    "error": "bold red",
    "cancelled": "yellow",
    "empty": "yellow",
    "caller_error": "yellow",
    "tool_error": "bold red",
    "timeout": "bold red",
}


@dataclass(frozen=True)
class Branch:
    """One span: its title, the lines of detail under it, its time, and what it caused."""

    title: Text
    started_ns: int
    ended_ns: int
    details: Sequence[Text] = ()
    style: str = "cyan"
    timed: bool = True
    causes: Sequence["Branch"] = field(default=())


def trace_of(run: Run) -> Branch:
    """The whole call, its parts in the order in which they began."""
    parts = [*map(_step, run.steps), *(_tool(run, tool) for tool in run.tools), *map(_aside, run.asides), _chat(run)]
    parts.sort(key=lambda part: part.started_ns)
    agent = Branch(
        _title(f"invoke_agent {run.agent}", ("", f"{run.variant} variant"), ("", f"{run.turn} turn")),
        run.started_ns,
        run.ended_ns,
        causes=parts,
        style="blue",
    )
    outcome = (_OUTCOMES.get(run.outcome, ""), f"{run.status} {run.outcome}")
    return Branch(
        _title(run.route, outcome, ("", "streamed" if run.streamed else "")),
        run.started_ns,
        run.ended_ns,
        details=[_error(run.error)] if run.error else [],
        causes=[agent],
        style="blue",
    )


def drawn(trace: Branch, console: Console) -> Iterator[Text]:
    """A line for each span, its offset, bar and duration in columns at the right; details run on below."""
    start, whole = trace.started_ns, max(1, trace.ended_ns - trace.started_ns)
    for lead, branch, detail in _rows(trace, "", ""):
        left = Text.assemble((lead, "dim"))
        if detail is not None:
            for line in detail.wrap(console, max(20, console.width - len(lead))):
                line.rstrip()
                yield left + line
            continue
        left.append_text(branch.title)
        left.truncate(max(20, console.width - _TIMES), overflow="ellipsis", pad=True)
        if branch.timed:
            offset, took = branch.started_ns - start, branch.ended_ns - branch.started_ns
            left.append(
                (duration(offset) if offset < 0 else f"+{duration(offset)}" if offset else "").rjust(_TIME), "dim"
            )
            left.append(f"  {bar(offset / whole, (offset + took) / whole)}", branch.style)
            left.append(duration(took).rjust(_TIME))
        else:
            left.append("time unknown".rjust(_TIMES), "dim")
        yield left


def bar(start: float, end: float) -> str:
    """A stroke between two shares of the whole; what lies before or behind it is cut off at an arrow."""
    if end <= 0:
        return "◂" + " " * (BAR - 1)
    if start >= 1:
        return " " * (BAR - 1) + "▸"
    first = round(max(0.0, start) * BAR * 8)
    last = max(first + 1, round(min(1.0, end) * BAR * 8))
    if last > BAR * 8:
        first, last = BAR * 8 - 1, BAR * 8
    # Blocks fill from the left only, so a stroke begins at a whole character.
    blank = first // 8
    full, part = divmod(last - blank * 8, 8)
    return (" " * blank + "█" * full + (_EIGHTHS[part] if part else "")).ljust(BAR)


def _rows(branch: Branch, lead: str, below: str) -> Iterator[tuple[str, Branch, Text | None]]:
    yield lead, branch, None
    trunk = "│ " if branch.causes else "  "
    for detail in branch.details:
        yield f"{below}{trunk}", branch, detail
    for place, cause in enumerate(branch.causes, 1):
        last = place == len(branch.causes)
        yield from _rows(cause, f"{below}{'└─' if last else '├─'} ", f"{below}{'   ' if last else '│  '}")


def _step(step: Step) -> Branch:
    details = [_fact(fact) for fact in step.facts]
    if step.error:
        details.append(_error(step.error))
    return Branch(_title(step.name), step.started_ns, step.ended_ns, details)


def _tool(run: Run, tool: ToolEvent) -> Branch:
    details = [
        Text(f"{one_line(tool.arguments, 200) or '()'} → {one_line(tool.result, 200) or 'no result'}", "dim italic")
    ]
    if tool.asked_by is not None:
        details.append(Text(f"asked for by run {tool.asked_by[:8]}, time inferred", "dim"))
    known = tool.asked_by is not None
    return Branch(
        _title(f"execute_tool {tool.name}", (_OUTCOMES.get(tool.outcome, ""), tool.outcome)),
        tool.started_ns if known else run.started_ns,
        tool.ended_ns if known else run.started_ns,
        details,
        "magenta",
        timed=known,
    )


def _chat(run: Run) -> Branch:
    asked, answered = run.model_requested, run.model_answered
    name = run.model or asked or "unknown"
    facts = []
    if run.usage is not None:
        usage = run.usage
        parts = [(usage.cached, "cached"), (usage.reasoning, "reasoning")]
        extra = ", ".join(f"{count(number)} {kind}" for number, kind in parts if number)
        # Nothing is generated that could be counted.
        counted = "" if run.operation == "embeddings" else f" → {count(usage.output)}"
        facts.append(f"{count(usage.input)}{counted} tokens{f' ({extra})' if extra else ''}")
    if run.cost_usd is not None:
        facts.append(money(run.cost_usd))
    if run.first_chunk_ns is not None:
        facts.append(f"first chunk after {duration(run.first_chunk_ns - run.started_ns)}")
    if run.finish_reasons:
        facts.append(f"finished: {', '.join(run.finish_reasons)}")
    names = []
    if asked and asked != name:
        names.append(f"asked for as {asked}")
    if answered and answered != name:
        names.append(f"answered as {answered}")
    details = [Text(one_line(" · ".join(line), 200)) for line in (facts, names) if line]
    return Branch(
        _title(f"{run.operation} {name}"),
        run.chat_started_ns,
        run.chat_ended_ns,
        details,
        "green",
        causes=[_attempt(attempt) for attempt in run.attempts],
    )


def _attempt(attempt: Attempt) -> Branch:
    failed = attempt.error is not None or attempt.status is None or attempt.status >= 400
    status = "" if attempt.status is None else str(attempt.status)
    return Branch(
        _title(f"POST {attempt.provider}", ("bold red" if failed else "green", status), ("", attempt.model)),
        attempt.started_ns,
        attempt.ended_ns,
        [
            *([_error(attempt.error)] if attempt.error else []),
            *([Text(f"request {one_line(attempt.request_id, 80)}", "dim")] if attempt.request_id else []),
        ],
        "bright_black",
    )


def _aside(aside: SideCall) -> Branch:
    facts = [f"asked by {aside.step}"] if aside.step else []
    if aside.usage is not None:
        facts.append(f"{count(aside.usage.input)} → {count(aside.usage.output)} tokens")
    if aside.cost_usd is not None:
        facts.append(money(aside.cost_usd))
    details = [Text(one_line(" · ".join(facts), 200))] if facts else []
    if aside.error:
        details.append(_error(aside.error))
    return Branch(_title(f"chat {aside.model}", ("", "aside")), aside.started_ns, aside.ended_ns, details, "green")


def _title(name: str, *marks: tuple[str, str]) -> Text:
    title = Text(one_line(name, 80), "bold")
    for style, mark in marks:
        if mark:
            title.append(f"  {one_line(mark, 60)}", f"not bold {style}")
    return title


def _fact(fact: Fact) -> Text:
    line = Text(one_line(fact.name, 40), "yellow")
    for key, value in fact.attributes.items():
        line.append(f"  {one_line(key, 40)} ", "dim").append(_value(value), "default not dim")
    return line


def _value(value: JsonValue) -> str:
    match value:
        case float():
            return f"{value:.4g}"
        case list() | tuple():
            return one_line(", ".join(map(_value, value)), 80) or "none"
        case dict():
            return one_line(", ".join(f"{key}={_value(item)}" for key, item in value.items()), 80) or "none"
        case None:
            return "none"
        case True | False:
            return "yes" if value else "no"
    return one_line(str(value), 80) or '""'


def _error(text: str) -> Text:
    return Text(one_line(text, 300), "red")
