"""The example plugin: built, installed as a package of its own, found by its name, and driven through a real proxy."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from records.run import Fact
from tests.support.proxy import AGENT, ServedProxy, served, settings
from tests.support.upstream import Upstream, calls, in_thread, says, tool

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "examples/shout"


def command(*arguments: object, cwd: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        list(map(str, arguments)), cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that has the plugin installed: its wheel, unpacked where nothing else is."""
    wheels, installed = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("installed")
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", wheels]
    command(*build, cwd=PLUGIN, environment=alone)
    (wheel,) = wheels.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", installed]
    command(*pip, wheel, cwd=wheels, environment=alone)
    return {**alone, "PYTHONPATH": str(installed)}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with in_thread(Upstream()) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def proxy(
    upstream: Upstream, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedProxy]:
    folder = tmp_path_factory.mktemp("proxy")
    written = settings(upstream, folder / "records", agent={"middleware": [{"shout": {"suffix": "!!"}}]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", environment["PYTHONPATH"])
        with served(written, folder) as proxy:
            yield proxy


def ask(proxy: ServedProxy, *, stream: bool = False) -> str:
    """The body of a chat call's answer."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    try:
        document = {"model": "small", "messages": [{"role": "user", "content": "How are you?"}], "stream": stream}
        connection.request(
            "POST", "/v1/chat/completions", json.dumps(document), {"authorization": f"Bearer {proxy.key}"}
        )
        answer = connection.getresponse()
        body = answer.read().decode()
        assert answer.status == 200, body
        return body
    finally:
        connection.close()


def said(body: str) -> list[str]:
    """The pieces of text of a streamed answer."""
    events = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: {")]
    deltas = [choice["delta"] for event in events for choice in event["choices"]]
    return [delta["content"] for delta in deltas if delta.get("content")]


def test_its_own_tests_pass_with_the_kit_that_burnish_gives(environment: dict[str, str]) -> None:
    # The installed plugin is tested, not the folder: -P keeps the folder off the path.
    out = command(sys.executable, "-P", "-m", "pytest", "-p", "no:cacheprovider", cwd=PLUGIN, environment=environment)
    assert " passed" in out.splitlines()[-1]


def test_the_configuration_knows_its_settings(environment: dict[str, str]) -> None:
    schema: Any = json.loads(
        command(sys.executable, "-m", "burnish", "config", "schema", cwd=ROOT, environment=environment)
    )
    assert '"suffix": {"default": "!"' in json.dumps(schema)


def test_a_whole_answer_is_shouted(proxy: ServedProxy, upstream: Upstream) -> None:
    upstream.reply(says("all is ", "well"))
    assert json.loads(ask(proxy))["choices"][0]["message"]["content"] == "ALL IS WELL!!"


def test_a_streamed_answer_is_shouted_piece_by_piece(proxy: ServedProxy, upstream: Upstream) -> None:
    upstream.reply(says("all is ", "well"))
    assert said(ask(proxy, stream=True)) == ["ALL IS ", "WELL", "!!"]


def test_a_tool_call_reaches_the_agent_as_the_model_wrote_it(proxy: ServedProxy, upstream: Upstream) -> None:
    upstream.reply(calls(tool("get_weather", city="paris")))
    message = json.loads(ask(proxy))["choices"][0]["message"]
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"city": "paris"}


def test_its_fact_is_in_the_record(proxy: ServedProxy, upstream: Upstream) -> None:
    upstream.reply(says("all is ", "well"))
    ask(proxy)
    run = proxy.runs()[-1]
    assert (run.agent, [step.name for step in run.steps]) == (AGENT, ["shout"])
    assert run.steps[0].facts == (Fact("shouted", {"letters": 9}, 1),)
