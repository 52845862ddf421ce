"""Which steps there are: entry points of the group `burnish.middleware`, ours and plugins' alike, or `module:Class`."""

import difflib
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Final

from pydantic import ValidationError

from middleware.protocol import Middleware, Settings
from middleware.services import Services
from records import JsonValue

GROUP: Final = "burnish.middleware"


class UnknownStep(LookupError):
    """No step of that name; the message says the nearest."""


class BadStep(TypeError):
    """A class that is named as a step and is not one."""


@dataclass(frozen=True, slots=True)
class StepKind:
    """A step's class with the settings it takes."""

    name: str
    make: Callable[[Any, Services], Middleware]
    settings: type[Settings]
    buffers: bool

    def holds_back(self, settings: Mapping[str, JsonValue]) -> bool:
        """Whether the step needs the whole answer, set like this. Raises pydantic's `ValidationError`."""
        return self.buffers or bool(getattr(self.read(settings), "buffers", False))

    def read(self, settings: Mapping[str, JsonValue]) -> Settings:
        """Raises pydantic's `ValidationError`."""
        return self.settings.model_validate(dict(settings))


class Registry:
    """Steps by name. `steps` adds some by hand, as tests do."""

    def __init__(self, steps: Mapping[str, type[Any]] | None = None) -> None:
        self._entries = {entry.name: entry for entry in entry_points(group=GROUP)}
        self._found: dict[str, StepKind] = {name: _kind(name, step) for name, step in (steps or {}).items()}

    @property
    def names(self) -> Sequence[str]:
        return sorted({*self._entries, *self._found})

    def find(self, name: str) -> StepKind:
        """Raises `UnknownStep` or `BadStep`, with a message for the person who wrote the name."""
        if name not in self._found:
            self._found[name] = _kind(name, self._load(name))
        return self._found[name]

    def problems(self, name: str, settings: Mapping[str, JsonValue]) -> list[tuple[tuple[str | int, ...], str]]:
        """What is wrong with a step's settings: (path below the step, message)."""
        try:
            self.find(name).read(settings)
        except (UnknownStep, BadStep) as error:
            return [((), str(error))]
        except ValidationError as invalid:
            return [(problem["loc"], problem["msg"]) for problem in invalid.errors()]
        return []

    def _load(self, name: str) -> type[Any]:
        if ":" in name:
            module, _, attribute = name.partition(":")
            try:
                found = getattr(importlib.import_module(module), attribute)
            except (ImportError, AttributeError) as error:
                raise UnknownStep(f"cannot load step {name!r}: {error}") from None
            except (Exception, SystemExit) as error:
                raise BadStep(f"step {name!r} does not import: {_named(error)}") from error
            return _class(found, name)
        if name not in self._entries:
            close = difflib.get_close_matches(name, self.names, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(self.names) or 'none'}"
            raise UnknownStep(f"no middleware called {name!r}; {hint}")
        try:
            found = self._entries[name].load()
        except (Exception, SystemExit) as error:
            raise BadStep(
                f"middleware {name!r} ({self._entries[name].value}) does not import: {_named(error)}"
            ) from error
        return _class(found, name)


def _named(error: BaseException) -> str:
    """An error of somebody else's code, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _class(found: object, name: str) -> type[Any]:
    if not isinstance(found, type):
        raise BadStep(f"middleware {name!r} is not a class")
    return found


def _kind(name: str, step: type[Any]) -> StepKind:
    settings = getattr(step, "Settings", Settings)
    if not (isinstance(settings, type) and issubclass(settings, Settings)):
        raise BadStep(f"middleware {name!r}: {step.__name__}.Settings must derive from burnish.Settings")
    if not issubclass(step, Middleware):
        raise BadStep(f"middleware {name!r}: {step.__name__} needs `async def __call__(self, exchange, call_next)`")
    return StepKind(name, step, settings, bool(getattr(step, "buffers", False)))
