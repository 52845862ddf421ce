"""Groups with a usual command: `burnish variants AGENT` means `burnish variants list AGENT`."""

from typing import Any

from typer.core import TyperGroup

_HELP = ("--help",)


def usually(name: str) -> type[TyperGroup]:
    """A group that takes what is none of its commands as arguments of the command called `name`."""

    class Group(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> Any:
            if not args or (args[0] not in self.commands and args[0] not in _HELP):
                args = [name, *args]
            return super().parse_args(ctx, args)

    return Group
