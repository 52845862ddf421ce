"""An answer that fails a check is revised, and the revision goes out only if it is better by the check."""

import asyncio
import json
from typing import Any

import pytest
from pydantic import ValidationError

from burnish.testing import ScriptedModel, asks_for, exchange, facts, fails, finish, request, run, says
from middleware.observe import observed
from middleware.registry import Registry
from middleware.reply import Reply
from middleware.self_critique import SelfCritiqueSettings
from policies.critique.facts import Critiqued
from proxy.wire.chat import ChatCompletion
from proxy.wire.convert.pieces import Api
from tests.middleware.self_critique.agents import BAD, GOOD, OFF, SCHEMA, Says, answered, asking, roles, step

APIS = pytest.mark.parametrize("api", ["chat", "responses", "messages"])


@APIS
async def test_an_answer_that_does_not_fit_its_schema_is_revised(api: Api) -> None:
    completion, fact = await answered(step(Says(GOOD)), says(BAD), asking(api))
    assert completion.text == GOOD
    assert (fact.eligible, fact.arm, fact.probability) == (True, "on", 1.0)
    assert (fact.flagged, fact.verifier) == (True, "json_schema")
    assert (fact.revised, fact.accepted, fact.rounds) == (True, True, 1)
    assert (fact.before, fact.after) == (0.0, 1.0)
    assert fact.original == BAD
    assert "not JSON" in fact.critique
    assert fact.stratum == "structured"
    assert fact.tokens > 0


@APIS
async def test_the_reviser_gets_the_conversation_the_answer_and_what_was_found_and_all_else_stays(api: Api) -> None:
    given, reviser = asking(api), Says(GOOD)
    await answered(step(reviser), says(BAD), given)
    (asked,) = reviser.asked
    assert roles(asked) == ["user", "assistant", "user"]
    question, answer, critique = (message.text for message in asked.request.messages)
    assert (question, answer) == ("Which city?", BAD)
    assert "not JSON" in critique
    before, after = json.loads(given.request.body), json.loads(asked.request.body)
    said = "input" if api == "responses" else "messages"
    assert {**before, said: None} == {**after, said: None}
    assert asked.request.answer_schema == SCHEMA


async def test_an_answer_that_passes_goes_out_as_it_came_and_costs_nothing() -> None:
    reviser, model = Says("never asked"), says(GOOD)
    completion, fact = await answered(step(reviser), model)
    assert completion.text == GOOD
    assert reviser.asked == []
    assert (fact.eligible, fact.arm, fact.flagged, fact.before) == (False, "skipped", False, 1.0)
    assert fact.reason == "passes every check"
    assert fact.tokens == 0


async def test_a_revision_that_is_no_better_is_not_shown_but_kept() -> None:
    completion, fact = await answered(step(Says("The city is Rome, sorry.")), says(BAD))
    assert completion.text == BAD
    assert (fact.revised, fact.accepted, fact.after) == (True, False, 0.0)
    assert fact.original == "The city is Rome, sorry."
    assert fact.reason == "the revision is not better"


async def test_the_answer_keeps_the_tokens_of_the_call_that_the_client_made() -> None:
    reply = await run(step(Says(GOOD)), model=says(BAD), given=asking())
    completion = await finish(reply)
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    assert json.loads(completion.body)["usage"] == usage


async def test_without_a_schema_there_is_nothing_to_check() -> None:
    reviser = Says("never asked")
    completion, fact = await answered(step(reviser), says(BAD), asking(schema=False))
    assert (fact.eligible, fact.flagged, fact.reason) == (False, None, "no check applies")
    assert completion.text == BAD
    assert reviser.asked == []


async def test_a_schema_that_cannot_be_checked_is_said_and_the_answer_stands() -> None:
    odd = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"patternProperties": {"a": {}}}}}
    _, fact = await answered(step(Says(GOOD)), says(BAD), exchange(request("Which?", response_format=odd)))
    assert (fact.eligible, fact.flagged) == (False, None)
    assert "json_schema could not be checked: patternProperties is not checked" in fact.reason


async def test_the_owners_own_schema_is_checked_whatever_the_client_asks() -> None:
    checks = [{"json_schema": SCHEMA}]
    completion, _ = await answered(step(Says(GOOD), verifiers=checks), says(BAD), asking(schema=False))
    assert completion.text == GOOD


async def test_with_several_checks_a_revision_may_be_worse_by_none() -> None:
    checks = ["json_schema", {"regex": "Rome"}]
    completion, fact = await answered(step(Says('{"city": "Oslo"}'), verifiers=checks), says(BAD))
    assert completion.text == BAD
    assert (fact.before, fact.after, fact.accepted) == (0.5, 0.5, False)


async def test_chance_leaves_some_answers_as_they_are_and_says_how_probable_that_was() -> None:
    reviser = Says(GOOD)
    arms: list[str] = []
    for number in range(200):
        given = asking(id=f"{number:032x}")
        _, fact = await answered(step(reviser, {"": 0.5, "structured": 0.7}), says(BAD), given)
        assert fact.probability == (0.7 if fact.arm == "on" else pytest.approx(0.3))
        assert fact.eligible
        assert fact.flagged
        arms.append(fact.arm)
    # Three standard deviations.
    assert abs(arms.count("on") / 200 - 0.7) < 0.1
    assert len(reviser.asked) == arms.count("on")


async def test_while_nothing_is_known_all_but_the_holdout_is_critiqued() -> None:
    _, fact = await answered(step(Says(GOOD), {}, holdout=0.25), says(BAD))
    assert fact.probability == (0.75 if fact.arm == "on" else 0.25)


async def test_what_is_left_as_it_is_says_that_it_was_flagged() -> None:
    reviser = Says(GOOD)
    completion, fact = await answered(step(reviser, OFF), says(BAD))
    assert completion.text == BAD
    assert (fact.arm, fact.probability, fact.flagged, fact.before) == ("off", 1.0, True, 0.0)
    assert reviser.asked == []


async def test_a_second_round_sees_the_first_and_the_best_revision_goes_out() -> None:
    checks = [{"json_schema": {**SCHEMA, "required": ["city", "country"]}}]
    better, best = '{"city": "Rome"}', '{"city": "Rome", "country": "Italy"}'
    reviser = Says(better, best)
    completion, fact = await answered(step(reviser, verifiers=checks, max_rounds=3), says(BAD))
    assert completion.text == best
    assert fact.rounds == 2
    assert [message.text for message in reviser.asked[1].request.messages if message.role == "assistant"] == [
        BAD,
        better,
    ]


async def test_a_worse_second_round_does_not_undo_a_better_first() -> None:
    checks = [{"json_schema": {**SCHEMA, "required": ["city", "country"]}}]
    completion, fact = await answered(step(Says(GOOD, BAD), verifiers=checks, max_rounds=2), says(BAD))
    assert completion.text == GOOD
    assert (fact.accepted, fact.rounds, fact.original) == (True, 2, BAD)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (asks_for("search"), "the answer asks for tools"),
        (says("  "), "the answer has no text"),
        (ScriptedModel(status=500), "the model answered 500"),
    ],
)
async def test_never_is_critiqued(model: ScriptedModel, reason: str) -> None:
    reviser, given = Says(GOOD), asking()
    reply = await run(step(reviser), model=model, given=given)
    assert reply.status == (500 if "500" in reason else 200)
    (fact,) = facts(given, Critiqued)
    assert (fact.eligible, fact.arm, fact.reason) == (False, "skipped", reason)
    assert reviser.asked == []


async def test_an_answer_of_several_choices_is_never_critiqued() -> None:
    choices = [{"index": n, "message": {"content": BAD}, "finish_reason": "stop"} for n in (0, 1)]
    body = json.dumps({"id": "x", "choices": choices}).encode()

    async def model(_: Any) -> Reply:
        return Reply.of(ChatCompletion(body))

    completion, fact = await answered(step(Says(GOOD)), model)
    assert completion.body == body
    assert fact.reason == "the answer has several choices"


async def test_auxiliary_calls_get_no_critique() -> None:
    reviser = Says(GOOD)
    completion, fact = await answered(step(reviser), says(BAD), asking(turn="aux"))
    assert completion.text == BAD
    assert fact.reason == "not the agent's own turn"
    assert reviser.asked == []


async def test_where_the_chain_only_looks_on_nothing_is_asked() -> None:
    reviser, given, critique = Says(GOOD), asking(), None
    critique = step(reviser, observing=True)

    async def chain(given: Any, call_next: Any) -> Reply:
        return await critique(given.at(given.log.enter("self_critique")), call_next)

    handler = observed(lambda last: lambda given: chain(given, last), says(BAD))
    assert (await finish(await handler(given))).text == BAD
    (fact,) = facts(given, Critiqued)
    assert (fact.flagged, fact.reason) == (True, "the chain only looks on")
    assert reviser.asked == []


@APIS
async def test_a_streamed_answer_flows_unless_it_is_to_be_buffered_and_the_fact_says_so(api: Api) -> None:
    given, reviser = asking(api, stream=True), Says(GOOD)
    reply = await run(step(reviser), model=says("The city", " is Rome."), given=given)
    assert [chunk.text async for chunk in reply if chunk.text] == ["The city", " is Rome."]
    (fact,) = facts(given, Critiqued)
    assert (fact.arm, fact.reason) == ("skipped", "streamed, and streaming is set to skip")
    completion, fact = await answered(
        step(reviser, streaming="buffer"), says("The city", " is Rome."), asking(api, stream=True)
    )
    assert completion.text == GOOD
    assert fact.accepted


def test_only_buffering_holds_streams_back_and_the_registry_knows() -> None:
    kind = Registry().find("self_critique")
    assert not kind.holds_back({})
    assert kind.holds_back({"streaming": "buffer"})


async def test_a_stream_that_breaks_breaks_as_it_did() -> None:
    given = asking(stream=True)
    reply = await run(step(Says(GOOD), streaming="buffer"), model=fails(OSError("gone"), after=["The "]), given=given)
    chunks = aiter(reply)
    assert (await anext(chunks)).text == "The "
    with pytest.raises(OSError, match="gone"):
        await anext(chunks)
    (fact,) = facts(given, Critiqued)
    assert fact.reason == "the answer broke off: OSError"


@pytest.mark.parametrize(
    ("reviser", "reason"),
    [
        (ScriptedModel(status=429), "the model answered 429"),
        (ScriptedModel(status=500, fails=OSError("down")), "the model failed: OSError: down"),
        (asks_for("search"), "the revision asks for tools"),
        (says(""), "the revision says nothing"),
    ],
)
async def test_the_original_goes_out_where_a_revision_cannot(reviser: ScriptedModel, reason: str) -> None:
    completion, fact = await answered(step(Says(reviser)), says(BAD))
    assert completion.text == BAD
    assert (fact.arm, fact.accepted, fact.reason) == ("on", False, reason)


async def test_what_is_not_there_in_time_is_dropped() -> None:
    left = asyncio.Event()

    async def forever(_: Any) -> Reply:
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        raise AssertionError

    completion, fact = await answered(step(forever, budget={"seconds": 0.01}), says(BAD))
    assert completion.text == BAD
    assert left.is_set()
    assert (fact.arm, fact.accepted, fact.reason) == ("on", False, "not there within 0.01 s")


async def test_a_call_that_does_not_fit_the_budget_is_not_made() -> None:
    reviser = Says(GOOD)
    completion, fact = await answered(step(reviser, budget={"tokens": 100}), says(BAD))
    assert completion.text == BAD
    assert reviser.asked == []
    assert fact.reason == "the budget of 100 tokens has no room for another call"


async def test_kinds_of_calls_and_variants_are_told_apart_where_that_is_wanted() -> None:
    _, fact = await answered(step(Says(GOOD), strata=["kind", "variant"]), says(BAD))
    assert fact.stratum == "base: structured"
    _, fact = await answered(step(Says(GOOD), strata=[]), says(BAD))
    assert fact.stratum == ""


def test_settings_that_cannot_be_are_refused() -> None:
    for wrong in (
        {"verifiers": ["regex"]},
        {"verifiers": [{"regex": "("}]},
        {"verifiers": [{"json_schema": {"type": "strin"}}]},
        {"max_rounds": 0},
        {"holdout": 0},
        {"streaming": "yes"},
    ):
        with pytest.raises(ValidationError):
            SelfCritiqueSettings(**wrong)


def test_a_model_that_is_not_configured_is_named() -> None:
    with pytest.raises(ValidationError, match="no model called 'smrt'; there are smart"):
        SelfCritiqueSettings.model_validate({"model": "smrt"}, context={"models": ("smart",)})
