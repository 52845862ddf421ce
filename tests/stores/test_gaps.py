"""Gaps in the record are counted, survive, and are told once each."""

from pathlib import Path

from stores.gaps import Gap, OpenGap, gaps_in
from tests.support.disks import fill, small_disk

GAP = Gap(1_000, 1_000, 0, "No space left on device", "0", 7)


def test_a_gap_grows_while_it_is_open_and_is_known_all_the_while(tmp_path: Path) -> None:
    gap = OpenGap(tmp_path, GAP)
    assert gaps_in(tmp_path) == []
    gap.count(2_000)
    gap.count(3_000)
    assert gaps_in(tmp_path) == [Gap(1_000, 3_000, 2, "No space left on device", "0", 7)]
    assert gap.close()
    assert gaps_in(tmp_path) == [Gap(1_000, 3_000, 2, "No space left on device", "0", 7)]


def test_a_gap_in_which_nothing_was_lost_leaves_no_trace(tmp_path: Path) -> None:
    assert OpenGap(tmp_path, GAP).close()
    assert list(tmp_path.iterdir()) == []


def test_gaps_of_all_workers_are_told_oldest_first(tmp_path: Path) -> None:
    for since, worker in ((3_000, "0"), (1_000, "1"), (2_000, "0")):
        gap = OpenGap(tmp_path, Gap(since, since, 0, "full", worker, 7))
        gap.count(since + 1)
        gap.close()
    assert [gap.since_ns for gap in gaps_in(tmp_path)] == [1_000, 2_000, 3_000]


def test_a_line_of_the_list_that_a_full_disk_cut_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / "gaps.jsonl").write_bytes(b'\n{"since_ns":1,"unti')
    gap = OpenGap(tmp_path, GAP)
    gap.count(2_000)
    gap.close()
    assert [gap.calls for gap in gaps_in(tmp_path)] == [1]


def test_without_room_even_for_its_page_a_gap_is_written_down_when_there_is_room_again(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        filler = fill(disk)
        gap = OpenGap(disk, GAP)
        gap.count(2_000)
        assert not gap.close()
        assert gaps_in(disk) == []
        filler.unlink()
        assert gap.close()
        assert [gap.calls for gap in gaps_in(disk)] == [1]


def test_where_there_is_no_journal_there_are_no_gaps(tmp_path: Path) -> None:
    assert gaps_in(tmp_path / "missing") == []
