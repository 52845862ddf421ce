"""What was dropped is gone from the disk, words and all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stores.answers.chroma import ChromaAnswers
from tests.stores.answers.test_answers import HERE, answer, towards


@pytest.mark.parametrize(
    "forget",
    [lambda index: index.drop(HERE, ["a"]), lambda index: index.clear(HERE)],
    ids=["dropped", "cleared"],
)
def test_the_words_of_an_answer_that_was_dropped_are_nowhere_in_the_folder(
    tmp_path: Path, forget: Callable[[ChromaAnswers], None]
) -> None:
    index = ChromaAnswers(tmp_path)
    for number in range(20):
        index.put(HERE, [answer(f"kept {number}", text="harmless")], [towards(1, number)])
    index.put(HERE, [answer("a", text="the confidential reply")], [towards(1)])
    index.put(HERE, [answer("a", text="the confidential reply, corrected")], [towards(1)])
    assert files_with(tmp_path, b"confidential")
    forget(index)
    assert files_with(tmp_path, b"confidential") == []
    assert files_with(tmp_path, b"what is a?") == []
    index.close()


def files_with(folder: Path, words: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and words in path.read_bytes()]
