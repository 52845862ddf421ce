"""What becomes of a memory when runs are deleted: over HTTP, by the command that people use, with a real index."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml
from typer.testing import CliRunner

from burnish.cli import app
from tests.proxy.memory.living import Living, living, strings_in
from tests.support.conftest import upstream
from tests.support.embedder import embedder
from tests.support.sharing import Sharing, sharing_answers
from tests.support.upstream import Upstream

__all__ = ["embedder", "upstream"]

pytestmark = pytest.mark.usefixtures("embedder", "sharing")

CARD: Final = "My new card has still not arrived"
SECRET: Final = "xyzzy-plugh"


@pytest.fixture
def records(tmp_path: Path) -> Path:
    return tmp_path / "records"


@pytest.fixture
def sharing(records: Path) -> Iterator[Sharing]:
    with sharing_answers(records / "answers") as sharing:
        yield sharing


def run(records: Path, *arguments: str) -> str:
    """A command, as `burnish --config FILE` would run it."""
    file = records.parent / "burnish.yaml"
    file.write_text(yaml.safe_dump({"version": 1, "records": {"dir": str(records)}}))
    result = CliRunner().invoke(app, list(arguments), env={"BURNISH_CONFIG": str(file)})
    assert result.exit_code == 0, result.output
    return result.stdout


def files_with(text: str, folder: Path) -> list[str]:
    return [
        str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file() and text.encode() in _read(file)
    ]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # A socket.
        return b""


async def is_shown(agents: Living, text: str) -> bool:
    return any(text in each for each in await agents.shown("support", CARD))


async def test_deleting_a_run_takes_what_came_of_it_from_the_store_the_index_and_every_later_prompt(
    upstream: Upstream, records: Path
) -> None:
    async with living(upstream, records, {"support": "a"}) as agents:
        answer = await agents.teach("support", "My card has not come in the mail yet", f"Wait a week. {SECRET}")
        await agents.learn()
        assert await is_shown(agents, SECRET)
        shown = agents.proxy.runs()[-1]
        assert SECRET in json.dumps(list(strings_in(shown.sent)))
        await agents.learn()
        # What calls were shown is in the record of these calls.
        run(records, "runs", "delete", "--run", answer.run_id, "--run", shown.id, "--yes")
        assert agents.insights("support") == []
        await agents.learn()
        assert not await is_shown(agents, SECRET)
        assert files_with(SECRET, records) == []


async def test_deleting_a_user_takes_the_corrections_that_the_user_wrote_of_others_runs(
    upstream: Upstream, records: Path
) -> None:
    async with living(upstream, records, {"support": "a"}, admit={"threshold": 0.3, "least": {"human": 1}}) as agents:
        answer = await agents.ask("support", "My card has not come in the mail yet", "I cannot say.", user="carl")
        await agents.say("support", answer, correction=f"Wait a week. {SECRET}", rater="mallory")
        await agents.learn()
        assert [each.text for each in agents.insights("support")] == [f"Wait a week. {SECRET}"]
        run(records, "runs", "delete", "--user", "mallory", "--yes")
        await agents.learn()
        assert agents.insights("support") == []
        assert not await is_shown(agents, SECRET)


async def test_what_its_owner_forgets_is_shown_no_more_and_does_not_come_back(
    upstream: Upstream, records: Path
) -> None:
    async with living(upstream, records, {"support": "a"}) as agents:
        await agents.teach("support", CARD, f"Wait a week. {SECRET}")
        await agents.learn()
        assert await is_shown(agents, SECRET)
        (insight,) = agents.insights("support")
        file = records.parent / "agents.yaml"
        written = agents.config.model_dump(mode="json", include={"agents": {"support": {"models"}}})
        written["agents"]["support"]["middleware"] = ["retrieval"]
        providers = {"local": {"base_url": upstream.base_url}}
        models = {"small": {"provider": "local", "model": "small-instruct"}}
        written |= {"version": 1, "records": {"dir": str(records)}, "providers": providers, "models": models}
        file.write_text(yaml.safe_dump(written))
        result = CliRunner().invoke(app, ["memory", "forget", "support", insight.short, "--config", str(file)])
        assert result.exit_code == 0, result.output
        await agents.teach("support", CARD, f"Wait a week. {SECRET}")
        await agents.learn()
        assert agents.insights("support") == []
        assert not await is_shown(agents, SECRET)
