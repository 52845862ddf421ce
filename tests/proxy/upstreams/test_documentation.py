"""docs/upstreams.md: its example loads, and its table has every error with its status."""

import re
from collections.abc import Iterator
from pathlib import Path

from proxy.config.load import load
from proxy.upstreams import failures
from proxy.upstreams.attempts import UpstreamFailed

TEXT = (Path(__file__).parents[3] / "docs/upstreams.md").read_text()


def told() -> Iterator[UpstreamFailed]:
    """One of each error that is ours."""
    yield failures.unreachable("p", "why")
    yield failures.hung_up("p")
    yield failures.redirected("p", 307)
    yield failures.not_http("p")
    yield failures.not_json("p", "text/html", b"")
    yield failures.broke("p", "why")
    yield failures.unexpected("p", ValueError())
    yield failures.silent("p", 1.0)
    yield failures.busy("p", 1, 1.0)
    yield failures.resting("p", 1.0)
    yield failures.unavailable("p", "remedy")
    yield failures.unspoken("p", "embeddings")


def test_the_table_has_every_error_with_its_status() -> None:
    rows = set(re.findall(r"^\| .+ \| (\d+) \| `(\w+)` \|$", TEXT, flags=re.MULTILINE))
    assert rows == {(str(error.status), error.code) for error in told()}


def test_the_errors_tried_here_are_all_there_are() -> None:
    codes = re.findall(r'code="(\w+)"', Path(failures.__file__).read_text())
    assert set(codes) == {error.code for error in told()}


def test_the_example_loads(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.DOTALL)
    (tmp_path / "burnish.yaml").write_text(example)
    load(tmp_path / "burnish.yaml", env={"OPENAI_API_KEY": "a key"})
