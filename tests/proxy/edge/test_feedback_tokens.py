"""Tokens with which an end user can vote on one answer from a browser, where the agent's key must not be."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from proxy.config.keys import hash_key
from stores.ledger import Ledger, ScoreFilter, open_ledger
from tests.proxy.edge.conftest import Start
from tests.support.proxy import AGENT, Answer, Proxy

TOKEN = "x-burnish-feedback"
SALES = {"keys": [hash_key("bn-sales")], "models": {"default": "small"}, "feedback": {"secret": "another secret"}}


@pytest.fixture
async def proxy(start: Start) -> Proxy:
    """Whose agents sign their answers."""
    return await start(agent={"feedback": {"secret": "a secret"}}, agents={"sales": SALES})


@pytest.fixture
def ledger(proxy: Proxy) -> Iterator[Ledger]:
    ledger = open_ledger(f"sqlite:///{proxy.records / 'burnish.db'}")
    yield ledger
    ledger.close()


async def say(
    proxy: Proxy, headers: Mapping[str, str] | None = None, path: str = "/v1/feedback", **said: Any
) -> Answer:
    """Without a key."""
    async with proxy.client.post(proxy.url + path, data=json.dumps(said), headers=headers) as response:
        return Answer(response.status, response.headers, await response.read())


async def test_no_answer_carries_a_token_unless_the_owner_has_set_a_secret(start: Start) -> None:
    proxy = await start()
    assert TOKEN not in (await proxy.chat()).headers


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_carries_a_token_for_itself(proxy: Proxy, stream: bool) -> None:
    first, second = await proxy.chat(stream=stream), await proxy.chat(stream=stream)
    assert first.headers[TOKEN].startswith(f"{AGENT}.")
    assert first.headers[TOKEN] != second.headers[TOKEN]


@pytest.mark.parametrize("where", ["header", "field"])
async def test_with_the_token_a_vote_needs_no_key(proxy: Proxy, ledger: Ledger, where: str) -> None:
    asked = await proxy.chat(user="ada")
    token = asked.headers[TOKEN]
    given: dict[str, Any] = {"headers": {TOKEN: token}} if where == "header" else {"token": token}
    answer = await say(proxy, run_id=asked.run_id, thumbs="down", comment="No.", **given)
    assert answer.status == 201
    assert answer.headers["access-control-allow-origin"] == "*"
    (score,) = ledger.scores(ScoreFilter())
    (run,) = await proxy.recorded()
    assert (score.subject, score.rater, score.value) == (run.id, run.user, 0.0)


async def test_who_is_nobody_has_one_vote_all_the_same(proxy: Proxy, ledger: Ledger) -> None:
    asked = await proxy.chat()
    for thumbs in ("up", "down", "up"):
        assert (await say(proxy, run_id=asked.run_id, token=asked.headers[TOKEN], thumbs=thumbs)).status < 300
    assert [score.value for score in ledger.scores(ScoreFilter())] == [1.0]


@pytest.mark.parametrize(
    "wrong",
    ["", "x", f"{AGENT}.", f"{AGENT}.{'0' * 32}", "sales.{digits}", "nobody.{digits}", "{token}0", "ä.{digits}"],
)
async def test_a_wrong_token_opens_nothing(proxy: Proxy, ledger: Ledger, wrong: str) -> None:
    asked = await proxy.chat()
    token = asked.headers[TOKEN]
    given = wrong.format(token=token, digits=token.rpartition(".")[2])
    answer = await say(proxy, {TOKEN: given} if given.isascii() else None, run_id=asked.run_id, thumbs="up")
    assert (answer.status, answer.error["code"]) == (401, "invalid_token")
    assert ledger.count_scores(ScoreFilter()) == 0


async def test_a_token_is_for_its_own_answer_alone(proxy: Proxy, ledger: Ledger) -> None:
    mine, other = await proxy.chat(), await proxy.chat()
    answer = await say(proxy, run_id=other.run_id, token=mine.headers[TOKEN], thumbs="up")
    assert (answer.status, answer.error["code"]) == (401, "invalid_token")
    by_response = await say(proxy, response_id=other.json()["id"], token=mine.headers[TOKEN], thumbs="up")
    assert by_response.status == 401
    wrong_path = await say(
        proxy, path="/agents/sales/v1/feedback", run_id=mine.run_id, token=mine.headers[TOKEN], thumbs="up"
    )
    assert wrong_path.status == 401


@pytest.mark.parametrize(
    "said", [{"rater": "bob"}, {"score": {"name": "x", "value": 1}}, {"preferred_over": "0" * 32, "rating": 1}]
)
async def test_with_a_token_nobody_speaks_for_others(proxy: Proxy, said: dict[str, Any]) -> None:
    asked = await proxy.chat()
    answer = await say(proxy, run_id=asked.run_id, token=asked.headers[TOKEN], **{"thumbs": "up", **said})
    assert (answer.status, answer.error["code"]) == (403, "key_needed")


async def test_a_wrong_token_beside_a_key_is_a_mistake(proxy: Proxy) -> None:
    asked = await proxy.chat()
    answer = await proxy.post(
        {"run_id": asked.run_id, "thumbs": "up"}, path="/v1/feedback", headers={TOKEN: f"{AGENT}.0"}
    )
    assert (answer.status, answer.error["code"]) == (401, "invalid_token")


async def test_a_browser_may_ask_first(proxy: Proxy) -> None:
    async with proxy.client.options(f"{proxy.url}/v1/feedback", headers={"origin": "https://example.org"}) as response:
        assert response.status == 204
        assert response.headers["access-control-allow-origin"] == "*"
        assert TOKEN in response.headers["access-control-allow-headers"]


async def test_before_anybody_has_said_who_they_are_little_is_read(proxy: Proxy) -> None:
    answer = await say(proxy, run_id="0" * 32, comment="x" * 2**17, thumbs="up")
    assert answer.status == 413
