"""Keys that Burnish made itself, for agents whose configuration names none: only their hashes are kept."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import yaml

from proxy.config.files import Stamp, stamp
from proxy.config.keys import hash_key, is_hash, new_key
from proxy.config.model import Config

log = logging.getLogger("burnish.serve")

FILE: Final = "keys.yaml"


class BadKeyFile(Exception):
    """A key file that cannot be read; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Ready:
    """`hashes`: agent by the hash of its key. `fresh`: keys made just now, to be shown this once, by agent."""

    hashes: Mapping[str, str]
    fresh: Mapping[str, str]


def ready_keys(config: Config) -> Ready:
    """Every agent can be called: those without any key are given one, whose hash is added to the key file."""
    path = config.records.dir / FILE
    saved = read(path)
    fresh = {name: new_key() for name, agent in config.agents.items() if not agent.keys and not saved.get(name)}
    for name, key in fresh.items():
        add(path, name, hash_key(key))
        saved.setdefault(name, []).append(hash_key(key))
    return Ready(_agents(saved), fresh)


class KeyFile:
    """The key file as a running worker follows it; while it cannot be read, the keys of before are in force."""

    def __init__(self, path: Path, hashes: Mapping[str, str]) -> None:
        """`hashes` were in the file some time ago: agent by hash."""
        self.hashes = hashes
        self._path = path
        self._read: Stamp | Literal["never"] | None = "never"

    def changed(self) -> bool:
        """Look again: whether `hashes` are others than before."""
        now = stamp(self._path)
        if now == self._read:
            return False
        self._read = now
        try:
            hashes = _agents(read(self._path))
        except BadKeyFile as error:
            log.error("keys not reloaded: %s", error)
            return False
        changed, self.hashes = hashes != self.hashes, hashes
        return changed


def read(path: Path) -> dict[str, list[str]]:
    """Hashes by agent. Raises `BadKeyFile`."""
    try:
        saved = yaml.safe_load(path.read_text()) or {}
        if not isinstance(saved, dict) or not all(
            isinstance(hashes, list) and all(isinstance(hash, str) and is_hash(hash) for hash in hashes)
            for hashes in saved.values()
        ):
            raise BadKeyFile(f"{path}: expected agents, each with a list of sha256: hashes; mend it or delete it")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadKeyFile(f"{path}: cannot be read ({error.strerror}); mend it or delete it") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        why = " ".join(str(error).split())
        raise BadKeyFile(f"{path}: is not YAML ({why}); mend it or delete it") from None
    return saved


def _agents(saved: Mapping[str, list[str]]) -> dict[str, str]:
    return {hash: name for name, hashes in saved.items() for hash in hashes}


def add(path: Path, agent: str, hash: str) -> None:
    """Add a key's hash. The file is replaced whole, so a reader never sees half of it."""
    saved = read(path)
    saved.setdefault(agent, []).append(hash)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text("# Hashes of the keys Burnish made; delete a line to revoke its key.\n" + yaml.safe_dump(saved))
    draft.replace(path)
