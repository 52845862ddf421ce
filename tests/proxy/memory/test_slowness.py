"""What takes long for one agent is waited for by all, and by the record: it is asked rarely, and by one at a time."""

import socket
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import pytest

from stores.embedding import EmbeddingError, Vectors
from stores.embedding.upstream import UpstreamEmbedder
from tests.proxy.memory.process import REMEMBERS, Background
from tests.proxy.memory.remembering import AGENT, SETTINGS
from tests.support.answers import WordEmbedder


class Impatient:
    """Asks a provider for what contains `asks`; to get no answer takes three seconds of the test's clock."""

    def __init__(self, process: Background, url: str, asks: str = "") -> None:
        self.process = process
        self.provider = UpstreamEmbedder("p", "m", url, timeout=0.05)
        self.words = WordEmbedder()
        self.asks = asks
        self.space, self.size = self.words.space, self.words.size
        self.asked: list[float] = []
        """When."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        if self.asks not in texts[0]:
            return self.words.embed(texts)
        self.asked.append(self.process.now)
        try:
            return self.provider.embed(texts)
        except EmbeddingError:
            self.process.now += 3
            raise


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a provider that lets everybody connect, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


THREE = dict.fromkeys((AGENT, "sales", "orders"), REMEMBERS)


def test_who_embeds_and_keeps_silent_is_asked_by_one_agent_in_ten_seconds(
    background: Callable[..., Background], silent: str, caplog: pytest.LogCaptureFixture
) -> None:
    process = background(agents=THREE)
    for number, agent in enumerate(THREE, 1):
        process.play(number, agent=agent)
    process.shelves.other = impatient = Impatient(process, silent)
    process.run(60)
    asked = impatient.asked
    assert all(later - earlier >= 3 + 10 for earlier, later in pairwise(asked))
    assert 4 <= len(asked) <= 5
    assert caplog.messages == [
        "nothing is remembered for now, and nothing is lost: m of p cannot be asked for vectors now: "
        f"ReadTimeout at {silent}/embeddings"
    ]
    process.shelves.other = None
    process.remembering.use(process.config)
    process.run(65)
    assert process.found == [SETTINGS] * 3


def test_an_agent_whose_texts_alone_take_too_long_keeps_no_other_from_remembering(
    background: Callable[..., Background], silent: str
) -> None:
    process = background(agents=THREE)
    process.shelves.other = Impatient(process, silent, asks="Why?")
    process.play(1, question="Why? How? I want to know.")
    process.run(8)
    process.play(2, agent="sales", answer="Call us.")
    process.play(3, agent="orders", answer="Write to us.")
    process.run(30)
    assert process.found == ["Call us.", "Write to us."]


def test_nothing_more_is_begun_once_the_process_is_to_end(background: Callable[..., Background]) -> None:
    process = background(agents=THREE)
    process.stopping = True
    process.run(5)
    assert process.shelves.opened == 0
    process.stopping = False
    process.run(6)
    assert process.shelves.opened == 1
