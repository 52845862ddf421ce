"""Values from outside the file: `${env:NAME}`, `${file:PATH}`, both with `:-default`."""

import re
from collections.abc import Mapping
from pathlib import Path

from proxy.config.files import Stamp, read_whole

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_BODY = re.compile(r"(?:env:(?P<env>[A-Za-z_]\w*)|file:(?P<file>.+?))(?P<fallback>:-.*)?", re.DOTALL)


class Unresolved(Exception):
    """A reference that has no value; the message says which and what to do."""


class Interpolation:
    """Fills references in, and remembers the files it looked at as they were."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        self._env = env
        self._folder = folder
        self.stamps: dict[Path, Stamp | None] = {}

    def fill(self, text: str) -> str:
        """The text with its references resolved; `$${` stands for a plain `${`."""
        return _REFERENCE.sub(self._resolve, text)

    def _resolve(self, found: re.Match[str]) -> str:
        written = found[0]
        if written == "$${":
            return "${"
        body = _BODY.fullmatch(found[1]) if written.endswith("}") else None
        if body is None:
            raise Unresolved("expected ${env:NAME} or ${file:PATH}; to keep a plain ${, write $${")
        name = body["env"] or body["file"]
        value = self._env.get(name) if body["env"] else self._read(name)
        if value:
            return value
        if body["fallback"] is not None:
            return body["fallback"][2:]
        trouble = f"environment variable {name} is not set" if body["env"] else f"file {name} is missing or empty"
        raise Unresolved(f"{trouble}; set it, or give a default: {written[:-1]}:-…}}")

    def _read(self, name: str) -> str | None:
        """The text of a file, or None if there is none. One that is there and cannot be read is an error."""
        path = self._folder / name
        self.stamps[path] = None
        try:
            data, self.stamps[path] = read_whole(path)
            return data.decode().rstrip("\r\n")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unresolved(f"file {name} cannot be read ({error.strerror})") from None
        except ValueError:
            raise Unresolved(f"file {name} is not UTF-8 text") from None


def refers(text: str) -> bool:
    """Whether the text takes its value, or a part of it, from outside the file."""
    return any(found[0] != "$${" for found in _REFERENCE.finditer(text))


def names(text: str) -> list[str]:
    """The references in a text, each without its default: `${env:NAME}`."""
    bodies = (_BODY.fullmatch(found[1]) for found in _REFERENCE.finditer(text) if found[1])
    return [
        f"${{env:{body['env']}}}" if body["env"] else f"${{file:{body['file']}}}" for body in bodies if body is not None
    ]
