"""What a conversion could not tell the upstream: left out and noted, or the reason why the call is refused."""

from typing import Final

from proxy.errors import BadRequest
from proxy.wire.convert.conversation import Reasoning

UNSUPPORTED: Final = "unsupported_by_upstream"


def refused(path: str, why: str) -> BadRequest:
    """For what the call would not be itself without. `why` ends in what to do instead, where there is something."""
    return BadRequest(f"{path}: {why}", param=path, code=UNSUPPORTED)


def beside(path: str, name: str) -> str:
    """Another field of the object that holds the one at `path`."""
    return f"{path.rpartition('.')[0]}.{name}"


class Losses:
    """Collects what is left out, each reason once: a long conversation loses the same thing in every message."""

    def __init__(self) -> None:
        self._paths: dict[str, list[str]] = {}

    def note(self, path: str, why: str) -> None:
        paths = self._paths.setdefault(why, [])
        if path not in paths:
            paths.append(path)

    def sealed(self, thought: Reasoning) -> None:
        if (seal := thought.seal) is not None:
            field = "encrypted_content" if seal.dialect == "openai" else "data" if seal.redacted else "signature"
            self.note(f"{thought.path}.{field}", "only the provider that wrote it can read it")

    def told(self) -> tuple[str, ...]:
        """Each as "field: why"; of fields with the same reason the first, and how many more there are."""
        return tuple(
            f"{paths[0]}{f' and {len(paths) - 1} more' if len(paths) > 1 else ''}: {why}"
            for why, paths in self._paths.items()
        )
