"""A key that is taken away opens nothing any more, without a restart: from the YAML, and from keys.yaml."""

import http.client
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from proxy.config.keys import hash_key
from tests.support.proxy import AGENT, CHAT, KEY, ServedProxy, asking, served, settings
from tests.support.refusals import error_in
from tests.support.upstream import Upstream, in_thread

MADE = "bn-a-key-that-burnish-made"
OTHER = "bn-the-key-that-stays"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ServedProxy]:
    records = tmp_path / "records"
    records.mkdir()
    (records / "keys.yaml").write_text(yaml.safe_dump({AGENT: [hash_key(MADE)]}))
    agent = {"keys": [hash_key(KEY), hash_key(OTHER)]}
    with in_thread(Upstream()) as upstream, served(settings(upstream, records, agent=agent), tmp_path) as proxy:
        yield proxy


def call(proxy: ServedProxy, key: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
    connection.request("POST", f"/v1/{CHAT}", json.dumps(asking()), {"Authorization": f"Bearer {key}"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, body


def assert_revoked_in_time(proxy: ServedProxy, key: str) -> None:
    give_up = time.monotonic() + 20
    while (told := call(proxy, key))[0] == 200:
        assert time.monotonic() < give_up, "the key still opens the door"
        time.sleep(0.02)
    status, headers, body = told
    error = error_in(headers, body)
    assert (status, error["code"]) == (401, "invalid_api_key")
    assert "may have been revoked" in error["message"]
    assert call(proxy, OTHER)[0] == 200


@pytest.mark.parametrize("asked", [True, False], ids=["on SIGHUP", "when the file changes"])
def test_a_key_taken_out_of_the_configuration_is_refused(site: ServedProxy, tmp_path: Path, asked: bool) -> None:
    assert call(site, KEY)[0] == 200
    file = tmp_path / "burnish.yaml"
    file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if hash_key(KEY) not in line))
    if asked:
        site.process.send_signal(signal.SIGHUP)
    assert_revoked_in_time(site, KEY)


@pytest.mark.parametrize("asked", [True, False], ids=["on SIGHUP", "when the file changes"])
def test_a_key_taken_out_of_the_key_file_is_refused(site: ServedProxy, asked: bool) -> None:
    assert call(site, MADE)[0] == 200
    (site.records / "keys.yaml").write_text("")
    if asked:
        site.process.send_signal(signal.SIGHUP)
    assert_revoked_in_time(site, MADE)
