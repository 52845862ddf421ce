"""`POST /v1/feedback`: what can be said of a run, by whom, and what becomes of it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from proxy.config.keys import hash_key
from records.score import Score
from stores.ledger import Ledger, ScoreFilter, open_ledger
from stores.secret import load_secret, user_hash
from tests.proxy.edge.conftest import Start
from tests.support.indexing import index
from tests.support.proxy import AGENT, KEY, Answer, Proxy
from tests.support.upstream import Upstream, document

FEEDBACK = "/v1/feedback"
OTHER_KEY = "bn-the-key-of-another-agent"


@pytest.fixture
def ledger(proxy: Proxy) -> Iterator[Ledger]:
    ledger = open_ledger(f"sqlite:///{proxy.records / 'burnish.db'}")
    yield ledger
    ledger.close()


async def say(proxy: Proxy, headers: Mapping[str, str] | None = None, *, path: str = FEEDBACK, **said: Any) -> Answer:
    return await proxy.post(said, path=path, headers=headers)


def scores(ledger: Ledger) -> list[Score]:
    """Oldest first."""
    return ledger.scores(ScoreFilter())[::-1]


async def test_a_thumb_is_kept_as_a_score_of_the_run(proxy: Proxy, ledger: Ledger) -> None:
    run_id = (await proxy.chat("hello", user="ada")).run_id
    answer = await say(proxy, run_id=run_id, thumbs="up")
    (score,) = scores(ledger)
    assert answer.status == 201
    assert answer.json() == {
        "object": "feedback",
        "id": score.id,
        "run_id": run_id,
        "kept": "new",
        "scores": [{"id": score.id, "name": "thumbs", "kept": "new"}],
    }
    assert (score.subject, score.evaluator, score.value, score.source) == (run_id, "thumbs", 1.0, "human")
    assert (score.agent, score.tenant) == (AGENT, "default")
    assert score.config_hash == proxy.worker.snapshot.config.hash


async def test_one_call_can_say_several_things(proxy: Proxy, ledger: Ledger) -> None:
    run_id = (await proxy.chat()).run_id
    graded = {"name": "grounded", "value": 0.7, "rationale": "two of three sources", "source": "judge", "version": "2"}
    answer = await say(
        proxy, run_id=run_id, thumbs="down", rating=2, correction="Press it.", score=graded, comment="Too long."
    )
    assert [each["name"] for each in answer.json()["scores"]] == ["thumbs", "rating", "correction", "grounded"]
    kept = {score.evaluator: score for score in scores(ledger)}
    assert (kept["thumbs"].value, kept["rating"].value, kept["correction"].value) == (0.0, 2.0, None)
    assert kept["correction"].details == {"answer": "Press it."}
    assert kept["thumbs"].rationale == "Too long."
    grounded = kept["grounded"]
    assert (grounded.value, grounded.source, grounded.version, grounded.rater) == (0.7, "judge", "2", "")
    assert grounded.rationale == "two of three sources"


async def test_a_comment_alone_is_kept_too(proxy: Proxy, ledger: Ledger) -> None:
    run_id = (await proxy.chat()).run_id
    assert (await say(proxy, run_id=run_id, comment="Hm.")).status == 201
    (score,) = scores(ledger)
    assert (score.evaluator, score.value, score.rationale) == ("comment", None, "Hm.")


async def test_a_run_can_be_named_by_the_id_of_its_answer(proxy: Proxy, ledger: Ledger) -> None:
    asked = await proxy.chat()
    answer = await say(proxy, response_id=asked.json()["id"], thumbs="up")
    assert (answer.status, answer.json()["run_id"]) == (201, asked.run_id)


async def test_an_id_that_several_answers_have_names_none(upstream: Upstream, proxy: Proxy) -> None:
    upstream.always(document({"id": "1", "model": "m", "choices": [{"message": {"content": "fine"}}]}))
    for _ in range(2):
        await proxy.chat()
    answer = await say(proxy, response_id="1", thumbs="up")
    assert (answer.status, answer.error["param"]) == (409, "response_id")
    assert "x-burnish-run-id" in answer.error["message"]


async def test_the_agent_may_stand_in_the_path(proxy: Proxy) -> None:
    run_id = (await proxy.chat()).run_id
    assert (await say(proxy, path=f"/agents/{AGENT}/v1/feedback", run_id=run_id, thumbs="up")).status == 201
    wrong = await say(proxy, path="/agents/sales/v1/feedback", run_id=run_id, thumbs="up")
    assert (wrong.status, wrong.error["code"]) == (403, "wrong_agent")


async def test_item_37_a_clients_retry_does_not_double_feedback(proxy: Proxy, ledger: Ledger) -> None:
    run_id = (await proxy.chat()).run_id
    first = await say(proxy, run_id=run_id, thumbs="up", rater="ada")
    again = [await say(proxy, run_id=run_id, thumbs="up", rater="ada") for _ in range(3)]
    assert (first.status, first.json()["kept"]) == (201, "new")
    assert [(answer.status, answer.json()["kept"]) for answer in again] == [(200, "same")] * 3
    assert {answer.json()["id"] for answer in again} == {first.json()["id"]}
    assert len(scores(ledger)) == 1


@pytest.mark.parametrize("where", ["header", "field"])
async def test_a_late_retry_does_not_undo_a_change_of_mind(proxy: Proxy, ledger: Ledger, where: str) -> None:
    run_id = (await proxy.chat()).run_id

    async def vote(thumbs: str, key: str) -> Any:
        named: dict[str, Any] = {"headers": {"idempotency-key": key}} if where == "header" else {"idempotency_key": key}
        return (await say(proxy, run_id=run_id, thumbs=thumbs, **named)).json()["kept"]

    assert [await vote("up", "1"), await vote("down", "2"), await vote("up", "1")] == ["new", "changed", "same"]
    assert [score.value for score in scores(ledger)] == [0.0]


async def test_a_key_is_for_one_vote(proxy: Proxy) -> None:
    run_id = (await proxy.chat()).run_id
    await say(proxy, run_id=run_id, thumbs="up", idempotency_key="1")
    answer = await say(proxy, run_id=run_id, thumbs="down", idempotency_key="1")
    assert (answer.status, answer.error["code"]) == (422, "idempotency_key_reused")


async def test_a_rater_has_one_vote_on_a_run_and_may_change_it(proxy: Proxy, ledger: Ledger) -> None:
    run_id = (await proxy.chat()).run_id
    kept = [
        (await say(proxy, run_id=run_id, rater=rater, thumbs=thumbs)).json()["kept"]
        for rater, thumbs in (("ada", "up"), ("bob", "up"), ("ada", "down"))
    ]
    assert kept == ["new", "new", "changed"]
    assert sorted(score.value or 0 for score in scores(ledger)) == [0.0, 1.0]


async def test_the_rater_is_who_is_named_else_the_runs_user_else_the_key(proxy: Proxy, ledger: Ledger) -> None:
    secret = load_secret(proxy.records)
    adas, nobodys = (await proxy.chat(user="ada")).run_id, (await proxy.chat()).run_id
    await say(proxy, run_id=adas, thumbs="up", rater="bob")
    await say(proxy, run_id=adas, thumbs="up")
    await say(proxy, run_id=nobodys, thumbs="up")
    bob, ada, key = [score.rater for score in scores(ledger)]
    assert (bob, ada) == (user_hash(secret, "bob"), user_hash(secret, "ada"))
    assert key not in (bob, ada)
    assert all(name not in json.dumps([bob, ada, key]) for name in ("ada", "bob", KEY))


@pytest.mark.parametrize(
    ("said", "param", "words"),
    [
        ({"thumb": "up"}, "thumb", "did you mean 'thumbs'?"),
        ({"thumbs": "upp"}, "thumbs", "none of up, down; did you mean 'up'?"),
        ({"thumbs": True}, "thumbs", "none of up, down"),
        ({"rating": 6}, "rating", "6 is not from 1 to 5"),
        ({"rating": 4.5}, "rating", "expected a whole number"),
        ({"rating": "4"}, "rating", "expected a whole number"),
        ({"correction": " "}, "correction", "is empty"),
        ({"score": {"name": "x"}}, "score.value", "is missing"),
        ({"score": {"name": "x", "value": 1, "why": ""}}, "score.why", "unknown field"),
        ({"score": {"name": "x", "value": 1, "source": "judges"}}, "score.source", "did you mean 'judge'?"),
        ({"score": {"name": "gold", "value": 1}}, "score.name", "Burnish's own"),
        ({"score": {"name": "thumbs", "value": 1}}, "score.name", "use thumbs"),
        ({"score": {"name": "a b", "value": 1}}, "score.name", "expected letters"),
        ({"score": 1}, "score", "expected an object"),
        ({"thumbs": "up", "rater": ""}, "rater", "must be 1 to 256 characters"),
        ({"thumbs": "up", "rater": "x" * 257}, "rater", "must be 1 to 256 characters"),
        ({}, None, "nothing is said"),
    ],
)
async def test_what_cannot_be_understood_is_named(
    proxy: Proxy, said: dict[str, Any], param: str | None, words: str
) -> None:
    run_id = (await proxy.chat()).run_id
    answer = await say(proxy, run_id=run_id, **said)
    assert (answer.status, answer.error["param"]) == (400, param)
    assert words in answer.error["message"]


@pytest.mark.parametrize("named", [{}, {"run_id": "a", "response_id": "b"}])
async def test_feedback_is_about_one_run(proxy: Proxy, named: dict[str, Any]) -> None:
    answer = await say(proxy, thumbs="up", **named)
    assert (answer.status, answer.error["param"]) == (400, "run_id")


async def test_another_agents_run_is_as_unknown_as_one_that_never_was(start: Start) -> None:
    proxy = await start(
        agents={"sales": {"keys": [hash_key(OTHER_KEY)], "models": {"default": "small"}, "tenant": "other"}}
    )
    theirs = {"authorization": f"Bearer {OTHER_KEY}"}
    asked = await proxy.chat()
    response_id = asked.json()["id"]
    index(proxy.records)
    hers = await say(proxy, theirs, run_id=asked.run_id, thumbs="up")
    nobodys = await say(proxy, theirs, run_id="0" * 32, thumbs="up")
    assert (hers.status, nobodys.status) == (404, 404)
    assert (await say(proxy, run_id=asked.run_id, thumbs="up")).status == 201
    assert hers.error["message"].replace(asked.run_id, "") == nobodys.error["message"].replace("0" * 32, "")
    assert (await say(proxy, theirs, response_id=response_id, thumbs="up")).status == 404


async def test_an_agent_that_records_nothing_is_told_so(start: Start) -> None:
    proxy = await start(agent={"record": "none"})
    run_id = (await proxy.chat()).run_id
    answer = await say(proxy, run_id=run_id, thumbs="up")
    assert (answer.status, answer.error["code"]) == (409, "not_recorded")


async def test_without_a_key_nothing_is_taken(proxy: Proxy) -> None:
    answer = await say(proxy, {"authorization": "Bearer bn-unknown"}, run_id="0" * 32, thumbs="up")
    assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_feedback_is_posted(proxy: Proxy, method: str) -> None:
    answer = await proxy.get(FEEDBACK, method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


async def test_votes_are_counted(proxy: Proxy) -> None:
    run_id = (await proxy.chat()).run_id
    for thumbs in ("up", "up", "down"):
        await say(proxy, run_id=run_id, thumbs=thumbs)
    index(proxy.records)
    await say(proxy, run_id="0" * 32, thumbs="up")
    counted = {
        kept: proxy.metric("burnish_feedback_total", agent=AGENT, kept=kept)
        for kept in ("new", "changed", "same", "refused")
    }
    assert counted == {"new": 1, "changed": 1, "same": 1, "refused": 1}


async def test_of_two_answers_to_one_prompt_one_can_be_preferred(proxy: Proxy, ledger: Ledger) -> None:
    system = {"role": "system", "content": "It is noon."}
    first = await proxy.chat(system, "hello", temperature=0)
    second = await proxy.chat({**system, "content": "It is one."}, "hello", stream=True)
    index(proxy.records)
    answer = await say(proxy, run_id=first.run_id, preferred_over=second.run_id)
    (score,) = scores(ledger)
    assert answer.status == 201
    assert (score.kind, score.subject, score.against) == ("pair", first.run_id, second.run_id)
    assert (score.evaluator, score.value) == ("preference", 1.0)


async def test_a_preference_that_is_turned_round_is_a_change_of_mind(proxy: Proxy, ledger: Ledger) -> None:
    first, second = (await proxy.chat("hello")).run_id, (await proxy.chat("hello")).run_id
    index(proxy.records)
    await say(proxy, run_id=first, preferred_over=second)
    answer = await say(proxy, run_id=second, preferred_over=first)
    assert answer.json()["kept"] == "changed"
    assert [(score.subject, score.against) for score in scores(ledger)] == [(second, first)]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("another question", 400, "different_prompts"),
        ("itself", 400, "invalid_value"),
        ("nothing", 404, "run_not_found"),
    ],
)
async def test_what_cannot_be_compared_is_not_preferred(
    proxy: Proxy, ledger: Ledger, asked: str, status: int, code: str
) -> None:
    run_id = (await proxy.chat("hello")).run_id
    others = {"another question": (await proxy.chat("good bye")).run_id, "itself": run_id, "nothing": "0" * 32}
    index(proxy.records)
    answer = await say(proxy, run_id=run_id, preferred_over=others[asked])
    assert (answer.status, answer.error["code"], answer.error["param"]) == (status, code, "preferred_over")
    assert scores(ledger) == []


async def test_what_was_not_kept_of_a_prompt_cannot_be_compared(start: Start) -> None:
    proxy = await start(agent={"content": "none"})
    first, second = (await proxy.chat("hello")).run_id, (await proxy.chat("hello")).run_id
    index(proxy.records)
    answer = await say(proxy, run_id=first, preferred_over=second)
    assert (answer.status, answer.error["code"]) == (409, "prompt_not_kept")


async def test_in_every_api_the_same_prompt_is_known_for_such(upstream: Upstream, start: Start) -> None:
    proxy = await start()
    for path, document_of in (
        ("/v1/responses", lambda said: {"model": "small", "input": said}),
        (
            "/v1/messages",
            lambda said: {"model": "small", "max_tokens": 9, "messages": [{"role": "user", "content": said}]},
        ),
    ):
        first, second, other = [
            (await proxy.post(document_of(said), path=path)).run_id for said in ("hello", "hello", "good bye")
        ]
        index(proxy.records)
        assert (await say(proxy, run_id=first, preferred_over=second)).status == 201
        assert (await say(proxy, run_id=first, preferred_over=other)).status == 400
