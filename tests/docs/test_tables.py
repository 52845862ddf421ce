"""Tables that list what there is: the mechanisms, the metrics, the make targets."""

import re

from prometheus_client import Counter

from middleware.registry import Registry
from proxy.metrics import Metrics
from proxy.wire.formats import FORMATS
from tests.docs.pages import ROOT

README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs/operations.md").read_text()


def mechanisms() -> list[list[str]]:
    """The rows of the README's table: number, mechanism, state, how to switch it on."""
    rows = re.findall(r"^\| (\d+) \| (.+) \| (.+) \| (.*)\|$", README, flags=re.MULTILINE)
    return [[cell.strip() for cell in row] for row in rows]


def test_all_fourteen_mechanisms_are_listed() -> None:
    assert [row[0] for row in mechanisms()] == [str(number) for number in range(1, 15)]


def test_a_mechanism_says_how_to_switch_it_on_exactly_when_some_of_it_exists() -> None:
    assert [bool(how) for *_, how in mechanisms()] == ["**exists**" in state for _, _, state, _ in mechanisms()]


def test_the_steps_that_exist_are_the_steps_that_the_table_names() -> None:
    named = {found[1] for *_, how in mechanisms() if (found := re.match(r"`(\w+)", how))}
    assert named == {name for name in Registry().names if name in BUILT_IN}


def test_every_api_that_metrics_tell_apart_is_named() -> None:
    (sentence,) = re.findall(r"`api` is (.+?)\. Worth", OPERATIONS, flags=re.DOTALL)
    assert set(re.findall(r"`(\w+)`", sentence)) == {*FORMATS, "forward"}


BUILT_IN = set(re.findall(r'^(\w+) = "middleware\.', (ROOT / "pyproject.toml").read_text(), flags=re.MULTILINE))


def test_every_metric_is_described_with_its_labels() -> None:
    listed = set(re.findall(r"^\| `(burnish_\w+)` \| ([\w, ]*) \| (.+) \|$", OPERATIONS, flags=re.MULTILINE))
    there = set()
    for metric in vars(Metrics()).values():
        if hasattr(metric, "describe"):
            name = metric._name + ("_total" if isinstance(metric, Counter) else "")
            there.add((name, ", ".join(metric._labelnames), metric._documentation))
    assert listed == there
