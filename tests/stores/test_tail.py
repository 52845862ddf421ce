"""Reading a journal that is written to, was cut off, or is damaged."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from records.line import LineWriter
from stores.journal import Journal
from stores.segments import segment_names
from stores.tail import Block, Reader, Tail
from tests.support.runs import a_run

line_of = LineWriter({"service.name": "burnish"})


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    own = Journal(tmp_path, worker="0")
    yield own
    own.close()


@pytest.fixture
def tail(tmp_path: Path) -> Iterator[Tail]:
    tail = Tail(tmp_path)
    yield tail
    tail.close()


def blocks(reader: Reader, tail: Tail, budget: int = 2**30) -> list[Block]:
    tail.refresh()
    found = reader.next_blocks(budget)
    for block in found:
        reader.passed(block)
    return found


def ids(found: list[Block]) -> list[str]:
    return [recorded.run.id for block in found for recorded in block.runs]


def append(directory: Path, data: bytes) -> None:
    with (directory / segment_names(directory)[-1]).open("ab") as segment:
        segment.write(data)


def test_lines_are_read_once_and_in_order(journal: Journal, tail: Tail) -> None:
    reader = Reader(tail, {})
    runs = [a_run(number) for number in range(3)]
    journal.write(line_of(runs[0]))
    journal.write(line_of(runs[1]))
    assert ids(blocks(reader, tail)) == [runs[0].id, runs[1].id]
    assert ids(blocks(reader, tail)) == []
    journal.write(line_of(runs[2]))
    assert ids(blocks(reader, tail)) == [runs[2].id]


def test_reading_goes_on_where_another_reader_stopped(journal: Journal, tail: Tail, tmp_path: Path) -> None:
    reader = Reader(tail, {})
    journal.write(line_of(a_run(1)))
    blocks(reader, tail)
    journal.write(line_of(a_run(2)))
    later = Tail(tmp_path)
    assert ids(blocks(Reader(later, dict(reader.cursors)), later)) == [a_run(2).id]
    later.close()


def test_new_segments_are_found(tail: Tail, tmp_path: Path) -> None:
    reader = Reader(tail, {})
    assert blocks(reader, tail) == []
    for number in range(3):
        own = Journal(tmp_path, worker=str(number))
        own.write(line_of(a_run(number)))
        assert ids(blocks(reader, tail)) == [a_run(number).id]
        own.close()


def test_the_unfinished_line_of_a_live_writer_is_left_alone(journal: Journal, tail: Tail, tmp_path: Path) -> None:
    reader = Reader(tail, {})
    line = line_of(a_run(1))
    journal.write(line[:100])
    assert blocks(reader, tail) == []
    append(tmp_path, line[100:])
    assert ids(blocks(reader, tail)) == [a_run(1).id]


def test_the_unfinished_line_of_a_dead_writer_is_passed_over_and_told_once(
    journal: Journal, tail: Tail, tmp_path: Path
) -> None:
    reader = Reader(tail, {})
    line = line_of(a_run(1))
    journal.write(line)
    journal.write(line[:100])
    journal.close()
    (block,) = blocks(reader, tail)
    assert block.finished
    assert ids([block]) == [a_run(1).id]
    assert [(problem.offset, problem.reason) for problem in block.problems] == [
        (len(line), "its writer died within this line, 100 bytes are there")
    ]
    assert reader.cursors == {segment_names(tmp_path)[0]: len(line) + 100}
    assert blocks(reader, tail) == []


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (b'{"resourceSpans":[{"sco', "not OTLP JSON"),
        (b"\x00" * 500, "not OTLP JSON"),
        (b"\xff\xfe\r\x0b", "not OTLP JSON"),
        (b"[" * 100_000, "not OTLP JSON"),
        (b'{"resourceSpans":[{"scopeSpans":[]}]}', "holds no run of Burnish"),
        (line_of(a_run(1)).replace(b'"burnish.run"', b'"burnish.rum"').rstrip(), r"burnish\.run' is missing"),
        (line_of(a_run(1)).replace(b"tenant", b"tenamt").rstrip(), "missing required field `tenant`"),
    ],
)
def test_damage_in_the_middle_does_not_hold_up_the_rest(
    damage: bytes, reason: str, journal: Journal, tail: Tail
) -> None:
    journal.write(line_of(a_run(1)))
    journal.write(damage + b"\n")
    journal.write(line_of(a_run(2)))
    (block,) = blocks(Reader(tail, {}), tail)
    assert ids([block]) == [a_run(1).id, a_run(2).id]
    (problem,) = block.problems
    assert problem.offset == len(line_of(a_run(1)))
    assert re.search(reason, problem.reason)


def test_a_line_longer_than_a_block_is_read_whole(journal: Journal, tmp_path: Path) -> None:
    tail = Tail(tmp_path, block_bytes=1000)
    run = a_run(1, answer="x" * 50_000)
    journal.write(line_of(run))
    journal.write(line_of(a_run(2)))
    assert ids(blocks(Reader(tail, {}), tail)) == [run.id, a_run(2).id]
    tail.close()


def test_a_reader_takes_no_more_than_its_budget_at_a_time(journal: Journal, tmp_path: Path) -> None:
    tail = Tail(tmp_path, block_bytes=20_000)
    runs = [a_run(number) for number in range(50)]
    for run in runs:
        journal.write(line_of(run))
    reader = Reader(tail, {})
    found = []
    while taken := blocks(reader, tail, budget=30_000):
        assert sum(block.end - block.start for block in taken) <= 50_000
        found += ids(taken)
    assert found == [run.id for run in runs]
    tail.close()


def test_readers_that_are_equally_far_share_what_was_decoded(journal: Journal, tail: Tail) -> None:
    journal.write(line_of(a_run(1)))
    tail.refresh()
    first, second = Reader(tail, {}), Reader(tail, {})
    assert first.next_blocks(1000)[0] is second.next_blocks(1000)[0]


def test_what_is_passed_but_not_acknowledged_is_read_again(journal: Journal, tail: Tail) -> None:
    journal.write(line_of(a_run(1)))
    reader = Reader(tail, {})
    tail.refresh()
    reader.next_blocks(1000)
    assert ids(blocks(reader, tail)) == [a_run(1).id]


def test_a_segment_that_was_removed_is_no_longer_read(journal: Journal, tail: Tail, tmp_path: Path) -> None:
    reader = Reader(tail, {})
    journal.write(line_of(a_run(1)))
    tail.refresh()
    os.unlink(tmp_path / segment_names(tmp_path)[0])
    assert ids(blocks(reader, tail)) == []


def test_skipping_counts_the_lines_and_ends_between_two(journal: Journal, tail: Tail) -> None:
    for number in range(10):
        journal.write(line_of(a_run(number)))
    reader = Reader(tail, {})
    tail.refresh()
    assert reader.skip(reader.lag() // 2) == 5
    assert ids(blocks(reader, tail)) == [a_run(number).id for number in range(5, 10)]
    assert reader.lag() == 0
