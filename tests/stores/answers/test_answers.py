"""One contract over memory, a folder of Chroma's, that folder shared by its process, and a Chroma server."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from stores.answers import Answer, AnswerIndex, Collection, Vector
from stores.answers.chroma import ChromaAnswers
from stores.answers.memory import MemoryAnswers
from stores.answers.server import ServerAnswers
from stores.answers.shared import SharedAnswers
from tests.support.chroma import Chroma, running_chroma
from tests.support.sharing import sharing_answers

KINDS = ["memory", "embedded", "shared", "server"]
SIZE = 8
HERE = Collection("t", "support", "tiny", SIZE)


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroma]:
    with running_chroma(tmp_path_factory.mktemp("chroma")) as server:
        yield server


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with sharing_answers(tmp_path_factory.mktemp("shared")) as sharing:
        yield sharing.folder


@pytest.fixture(params=KINDS)
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnswerIndex]:
    found: AnswerIndex
    match request.param:
        case "memory":
            found = MemoryAnswers()
        case "embedded":
            found = ChromaAnswers(tmp_path / "chroma")
        case "shared":
            found = SharedAnswers(request.getfixturevalue("shared"), timeout=30)
        case _:
            found = ServerAnswers(request.getfixturevalue("chroma").url, timeout=30)
    with ExitStack() as closing:
        closing.callback(found.close)
        for collection in (HERE, *ELSEWHERE):
            found.clear(collection)
        yield found


ELSEWHERE = [
    Collection("other tenant", "support", "tiny", SIZE),
    Collection("t", "other agent", "tiny", SIZE),
    Collection("t", "support", "another embedder", SIZE),
]


def answer(id: str, **told: str) -> Answer:
    return Answer(
        id=id,
        question=f"what is {id}?",
        text=told.get("text", f"it is {id} – „ü“ 𝄞"),
        origin="run",
        trust="judge",
        low=0.75,
        model="small",
        instructions="d1",
        tools=("look_up",),
        expires_ns=1_900_000_000_000_000_001,
    )


def towards(*numbers: float) -> Vector:
    """Of length 1."""
    vector = np.zeros(SIZE, np.float32)
    vector[: len(numbers)] = numbers
    vector /= np.linalg.norm(vector)
    return vector


def test_the_most_similar_come_first_with_all_that_is_known_of_them(index: AnswerIndex) -> None:
    near, far, nearer = answer("near"), answer("far"), answer("nearer")
    index.put(HERE, [near, far, nearer], [towards(1, 1), towards(-1), towards(2, 1)])
    found = index.nearest(HERE, towards(1), 10)
    assert [each.answer for each in found] == [nearer, near, far]
    assert [each.similarity for each in found] == pytest.approx([2 / 5**0.5, 1 / 2**0.5, -1.0], abs=1e-4)
    np.testing.assert_allclose(found[0].vector, towards(2, 1), atol=1e-5)
    assert found[0].vector.dtype == np.float32
    assert [each.answer.id for each in index.nearest(HERE, towards(1), 1)] == ["nearer"]
    assert index.nearest(HERE, towards(1), 0) == []


def test_what_was_put_is_found_at_once_and_what_was_dropped_no_more(index: AnswerIndex) -> None:
    for number in range(20):
        index.put(HERE, [answer(f"a{number}")], [towards(1, number)])
        assert index.nearest(HERE, towards(1, number), 1)[0].answer.id == f"a{number}"
    index.drop(HERE, ["a3", "a4", "never there"])
    assert sorted(index.ids(HERE)) == sorted(f"a{number}" for number in range(20) if number not in (3, 4))
    assert {"a3", "a4"}.isdisjoint(each.answer.id for each in index.nearest(HERE, towards(1, 3), 20))


def test_an_answer_that_is_put_again_replaces_itself(index: AnswerIndex) -> None:
    index.put(HERE, [answer("a"), answer("b")], [towards(1), towards(0, 1)])
    index.put(HERE, [answer("a", text="better")], [towards(0, 0, 1)])
    (found,) = index.nearest(HERE, towards(0, 0, 1), 1)
    assert found.answer == answer("a", text="better")
    assert found.similarity == pytest.approx(1.0, abs=1e-4)
    assert sorted(index.ids(HERE)) == ["a", "b"]


def test_the_last_of_those_with_one_id_counts(index: AnswerIndex) -> None:
    index.put(HERE, [answer("a"), answer("a", text="later")], [towards(1), towards(0, 1)])
    assert [each.answer.text for each in index.nearest(HERE, towards(1), 5)] == ["later"]


@pytest.mark.parametrize("elsewhere", ELSEWHERE, ids=lambda collection: "/".join(collection[:3]))
def test_nothing_is_found_across_collections(index: AnswerIndex, elsewhere: Collection) -> None:
    index.put(HERE, [answer("a")], [towards(1)])
    index.put(elsewhere, [answer("a", text="theirs"), answer("b")], [towards(1), towards(1)])
    assert [each.answer.text for each in index.nearest(HERE, towards(1), 10)] == [answer("a").text]
    index.drop(elsewhere, ["a"])
    index.clear(elsewhere)
    assert index.ids(elsewhere) == []
    assert index.ids(HERE) == ["a"]


def test_a_collection_that_is_not_there_is_empty(index: AnswerIndex) -> None:
    assert index.nearest(HERE, towards(1), 10) == []
    assert index.ids(HERE) == []
    index.drop(HERE, ["a"])
    index.clear(HERE)


def test_a_collection_that_was_cleared_can_be_filled_again(index: AnswerIndex) -> None:
    for _ in range(2):
        index.put(HERE, [answer("a")], [towards(1)])
        assert [each.answer.id for each in index.nearest(HERE, towards(1), 10)] == ["a"]
        index.clear(HERE)
        assert index.nearest(HERE, towards(1), 10) == []


def test_many_are_put_and_dropped_at_once(index: AnswerIndex) -> None:
    many = [answer(f"a{number}") for number in range(1203)]
    random = np.random.default_rng(1)
    index.put(HERE, many, [towards(*random.normal(size=SIZE)) for _ in many])
    assert len(set(index.ids(HERE))) == 1203
    index.drop(HERE, [each.id for each in many[1:]])
    assert index.ids(HERE) == ["a0"]
    assert [each.answer.id for each in index.nearest(HERE, towards(1), 10)] == ["a0"]
