"""Many processes see the same answers at once, whatever becomes of the one that has them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from stores.answers.chroma import ChromaAnswers
from stores.answers.server import ServerAnswers
from stores.answers.shared import SharedAnswers
from stores.runs import StoreError
from tests.stores.answers.test_answers import HERE, answer, towards
from tests.support.chroma import running_chroma
from tests.support.sharing import Sharing, sharing_answers


@pytest.fixture
def sharing(tmp_path: Path) -> Iterator[Sharing]:
    with sharing_answers(tmp_path / ("a path that is too long for the address of a socket" + "x" * 60)) as sharing:
        yield sharing


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as closing:
        yield closing


def asking(sharing: Sharing, closing: ExitStack, timeout: float = 30) -> SharedAnswers:
    found = SharedAnswers(sharing.folder, timeout=timeout)
    closing.callback(found.close)
    return found


def test_what_one_writes_and_drops_another_sees_at_once(sharing: Sharing, closing: ExitStack) -> None:
    writer, reader = asking(sharing, closing), asking(sharing, closing)
    for number in range(30):
        writer.put(HERE, [answer(f"a{number}")], [towards(1, number)])
        assert reader.nearest(HERE, towards(1, number), 1)[0].answer.id == f"a{number}"
    writer.drop(HERE, ["a5"])
    assert "a5" not in [each.answer.id for each in reader.nearest(HERE, towards(1, 5), 30)]
    writer.clear(HERE)
    assert reader.nearest(HERE, towards(1), 1) == []


def test_after_it_was_killed_another_has_what_it_was_told(sharing: Sharing, closing: ExitStack) -> None:
    asks = asking(sharing, closing)
    asks.put(HERE, [answer("a"), answer("b")], [towards(1), towards(0, 1)])
    asks.drop(HERE, ["b"])
    sharing.kill()
    with pytest.raises(StoreError, match="the background process keeps them; is it running"):
        asks.nearest(HERE, towards(1), 1)
    sharing.start()
    assert [each.answer.id for each in asks.nearest(HERE, towards(1), 10)] == ["a"]


def test_one_that_is_silent_is_waited_for_no_longer_than_told(sharing: Sharing, closing: ExitStack) -> None:
    asks = asking(sharing, closing, timeout=0.2)
    sharing.stop_answering()
    with pytest.raises(StoreError, match="timed out"):
        asks.nearest(HERE, towards(1), 1)


def test_a_second_process_waits_for_the_first(sharing: Sharing, closing: ExitStack) -> None:
    asking(sharing, closing).put(HERE, [answer("a")], [towards(1)])
    second = Sharing(sharing.folder)
    closing.callback(second.kill)
    second.start(wait=False)
    sharing.kill()
    second.wait()
    assert asking(sharing, closing).ids(HERE) == ["a"]


def test_the_socket_is_for_its_owner_alone(sharing: Sharing) -> None:
    assert (sharing.folder / "answers.sock").stat().st_mode & 0o077 == 0
    assert sharing.folder.stat().st_mode & 0o077 == 0


def test_another_handle_on_a_server_that_was_cleared_and_filled_again_finds_it(
    tmp_path: Path, closing: ExitStack
) -> None:
    with running_chroma(tmp_path) as server:
        one, two = (ServerAnswers(server.url, timeout=30) for _ in range(2))
        closing.callback(one.close)
        closing.callback(two.close)
        for name in ("a", "b"):
            one.put(HERE, [answer(name)], [towards(1)])
            assert [each.answer.id for each in two.nearest(HERE, towards(1), 10)] == [name]
            one.clear(HERE)
        server.kill()
        with pytest.raises(StoreError, match=r"cannot be used now: .*; see records\.chroma"):
            two.nearest(HERE, towards(1), 10)


def test_a_folder_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=f"the answers in {tmp_path / 'file' / 'chroma'} cannot be used now"):
        ChromaAnswers(tmp_path / "file" / "chroma")
