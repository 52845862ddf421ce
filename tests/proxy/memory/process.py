"""The part of the background process that remembers, with a clock that the test holds."""

from pathlib import Path
from typing import Any

from proxy.config.model import Config
from proxy.memory.remembering import Remembering
from proxy.memory.status import MemoryStatus, read_memory
from stores.embedding import Embedder
from stores.ledger import open_ledger
from stores.runs import open_store
from tests.proxy.memory.remembering import SECOND, a_call, liked
from tests.support.answers import MemoryAnswers, WordEmbedder
from tests.support.runs import NOON

REMEMBERS = {
    "models": {"default": "m"},
    "middleware": [{"retrieval": {"admit": {"threshold": 0.5, "per_writer": 50}}}],
}


class Shelves:
    """A library whose index outlives it, as a folder does."""

    def __init__(self) -> None:
        self.answers = MemoryAnswers()
        self.words = WordEmbedder()
        self.other: Embedder | None = None
        self.opened = 0

    def __call__(self, config: Config) -> "Shelves":
        self.opened += 1
        return self

    def index(self) -> MemoryAnswers:
        return self.answers

    def embedder(self) -> Embedder:
        return self.other or self.words

    def close(self) -> None:
        pass


class Background:
    """The part of the background process that remembers; `now` is in seconds after noon."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        self.now = 0.0
        self._folder = folder
        self.config = self.configured(**sections)
        self.runs = open_store(self.config.records.database)
        self.ledger = open_ledger(self.config.records.database)
        self.shelves = Shelves()
        self.stopping = False
        self.remembering = Remembering(
            self.config,
            self.runs,
            self.shelves,
            clock=lambda: self.now,
            wall=lambda: NOON + round(self.now * SECOND),
            stopping=lambda: self.stopping,
        )

    def configured(self, agents: dict[str, Any], **records: Any) -> Config:
        return Config.model_validate(
            {
                "version": 1,
                "providers": {"p": {"base_url": "http://127.0.0.1:1/v1"}},
                "models": {"m": {"provider": "p", "model": "m"}},
                "records": {"dir": self._folder, **records},
                "agents": agents,
            }
        )

    def run(self, until: float) -> None:
        while self.now < until:
            self.now += 0.5
            while self.remembering.step():
                pass

    def play(self, number: int = 1, **changes: Any) -> str:
        """A call that people like; its id."""
        call = a_call(number, **changes)
        self.runs.put([call], {})
        self.ledger.put_scores(liked(call, "ada", "bob"))
        return call.id

    @property
    def found(self) -> list[str]:
        return self.shelves.answers.texts

    @property
    def status(self) -> MemoryStatus | None:
        return read_memory(self.config.records.dir)

    def close(self) -> None:
        self.remembering.close()
        self.runs.close()
        self.ledger.close()
