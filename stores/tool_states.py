"""Which tools are failing, as workers act on it. What is known of them is kept with it (`stores.states`)."""

from typing import Final

import msgspec

from stores.states import Kind


class Failing(msgspec.Struct, frozen=True):
    """A tool whose breaker is not closed: since when, and from when on it may be tried. `why` is for people."""

    since_ns: int
    until_ns: int
    why: str


class FailingTools(msgspec.Struct, frozen=True, kw_only=True):
    """Those of one agent."""

    agent: str
    tools: dict[str, Failing] = {}


TOOLS: Final = Kind("tool_states", "failing_tools", FailingTools, "tools are taken as they were")
