"""Being shown the best past answers makes real models right far more often, also where no past answer is the right one.

The memory is filled through the proxy alone: live calls, thumbs for what was right, corrections of what was not. Then
each held-out question is asked both ways. Beside it stands what the nearest past answers say without a model.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from proxy.bundled.catalogue import QWEN_CODER_05B, QWEN_CODER_15B, Model
from proxy.bundled.embedders import ALL_MINILM_L6_V2
from proxy.bundled.fetch import cache_folder
from stores.embedding.bundled import BundledEmbedder
from tests.retrieval import banking, bookings
from tests.retrieval.paired import Gain, paired
from tests.retrieval.school import Lesson, Pupil, school
from tests.support.small_model import LOADS_WITHIN, server_of

pytestmark = [pytest.mark.models, pytest.mark.timeout(3600)]

Judge = Callable[[str, str], bool]


@pytest.fixture
def real_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Model], str]]:
    """Serves a model, one at a time, and gives its base URL."""
    servers = []

    def serve(model: Model) -> str:
        # One slot: two calls would only share the processor.
        server = server_of(replace(model, slots=1, context=4096), tmp_path_factory)
        servers.append(server)
        server.start()
        server.wait_ready(LOADS_WITHIN)
        return server.base_url

    yield serve
    for server in servers:
        server.stop()


def gain(pupil: Pupil, exam: Sequence[Lesson], is_right: Judge) -> Gain:
    """Each question without and with what is remembered."""
    without, with_it = [], []
    for question, answer in exam:
        without.append(is_right(pupil.ask(question, remembering=False), answer))
        with_it.append(is_right(pupil.ask(question, remembering=True), answer))
    return paired(without, with_it)


def neighbours(lessons: Sequence[Lesson], exam: Sequence[Lesson], is_right: Judge, k: int) -> float:
    """The share that is right of what most of the `k` nearest lessons say, each by its similarity."""
    folder = cache_folder(os.environ)
    embedder = BundledEmbedder(folder / ALL_MINILM_L6_V2.weights.name, folder / ALL_MINILM_L6_V2.tokenizer.name)
    known = embedder.embed([lesson.question for lesson in lessons])
    asked = embedder.embed([lesson.question for lesson in exam])
    right = 0
    for lesson, similarities in zip(exam, asked @ known.T, strict=True):
        votes: dict[str, float] = defaultdict(float)
        for place in np.argsort(-similarities)[:k]:
            votes[lessons[place].answer] += float(similarities[place])
        right += is_right(max(votes, key=votes.__getitem__), lesson.answer)
    return right / len(exam)


def told(gain: Gain, lessons: Sequence[Lesson], exam: Sequence[Lesson], is_right: Judge) -> None:
    alone = ", ".join(f"{neighbours(lessons, exam, is_right, k):.1%} by {k}" for k in (1, 3))
    print(f"\n{gain}; the nearest alone: {alone}")


@pytest.mark.skipif(not banking.FOLDER.is_dir(), reason=f"banking77 is not at {banking.FOLDER}")
def test_confusable_intents_are_told_apart(real_model: Callable[[Model], str], tmp_path: Path) -> None:
    lessons, exam = (
        [Lesson(each.text, banking.answer_of(each.intent)) for each in banking.questions(split, count, Random(5))]
        for split, count in (("train", 16), ("test", 15))
    )
    assert len({answer for _, answer in exam}) >= 12
    assert len(exam) >= 200
    base_url = real_model(QWEN_CODER_05B)
    form = {"type": "json_schema", "json_schema": {"name": "sorted", "strict": True, "schema": banking.SCHEMA}}
    with school(
        base_url, QWEN_CODER_05B.name, tmp_path, banking.INSTRUCTIONS, max_tokens=32, response_format=form
    ) as pupil:
        pupil.teach(lessons, banking.is_right)
        seen = gain(pupil, exam, banking.is_right)
    told(seen, lessons, exam, banking.is_right)
    assert seen.value >= 0.20
    assert seen.low > 0.10


def test_records_are_written_by_the_ways_of_the_house(real_model: Callable[[Model], str], tmp_path: Path) -> None:
    written = [Lesson(*each) for each in bookings.bookings(90, Random(7))]
    lessons, exam = written[:40], written[40:]
    base_url = real_model(QWEN_CODER_15B)
    with school(base_url, QWEN_CODER_15B.name, tmp_path, bookings.INSTRUCTIONS, max_tokens=64) as pupil:
        pupil.teach(lessons, bookings.is_right)
        seen = gain(pupil, exam, bookings.is_right)
    told(seen, lessons, exam, bookings.is_right)
    assert neighbours(lessons, exam, bookings.is_right, 1) <= 0.05
    assert seen.value >= 0.20
    assert seen.low > 0.10
