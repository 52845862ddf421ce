"""docs/clients.md lists the clients of the matrix in the versions that are locked, with the lines of their examples."""

import re

import pytest

from tests.clients.matrix import CLIENTS
from tests.clients.page import PAGE, RUNS, SHOWN, beginning_of_row, page, two_lines

EVERYTHING = {(run, shown): True for run in RUNS for shown in SHOWN}


def test_the_page_lists_each_client_by_api_in_the_version_that_is_locked() -> None:
    rows = re.findall(r"^\| \[.*?\]\(\S+\) \| \S+ \| [\w, ]+ \|", PAGE.read_text(), flags=re.MULTILINE)
    assert rows == [beginning_of_row(client) for client in CLIENTS]


def test_the_page_shows_the_two_lines_of_every_example() -> None:
    assert two_lines() in PAGE.read_text()


def test_the_page_is_as_a_run_writes_it() -> None:
    assert re.sub(r"(?<=\| )not: [\w, ]+(?= \|)", "yes", PAGE.read_text()) == page(EVERYTHING)


@pytest.mark.parametrize("shown", SHOWN)
def test_what_did_not_work_is_named_with_the_provider(shown: str) -> None:
    (run,) = (run for run in RUNS if str(run.client) == "ai-sdk/messages" and run.converted)
    failing = page({**EVERYTHING, **{(run, each): False for each in SHOWN if each == shown}})
    (row,) = (line for line in failing.splitlines() if line.startswith(beginning_of_row(run.client)))
    assert row.count("not: chat") == 1
    assert failing != page(EVERYTHING)
