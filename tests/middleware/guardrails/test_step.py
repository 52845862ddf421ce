"""The step guardrails: what breaks a rule is refused, replaced or reported, wherever in the exchange it stands."""

import json
from dataclasses import replace
from typing import Any

import pytest

from burnish.testing import ScriptedModel, asks_for, exchange, facts, request, run, says
from middleware.guardrails import GuardrailsSettings
from policies.guardrails.verdicts import GuardVerdicts
from records.guard import LearnedRule, Rule
from tests.middleware.guardrails.steps import KEY, REFUSAL, SECRET, guardrails, services, told

APIS = pytest.mark.parametrize("api", ["chat", "responses", "messages"])
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def own(**more: Any) -> dict[str, Any]:
    return {"rules": {"keys": {**KEY, **more}}}


@APIS
@STREAMS
async def test_an_answer_is_masked(api: str, stream: bool) -> None:
    seen = await told(guardrails(**own()), says("take ke", "y-abcd", "efgh now"), api=api, stream=stream)
    assert seen.answer.text == "take *** now"
    assert seen.fact is not None
    assert (seen.fact.verdict, seen.fact.rules, seen.fact.places) == ("rewrite", ("keys",), ("answer",))


@APIS
@STREAMS
async def test_what_is_blocked_of_an_answer_is_refused(api: str, stream: bool) -> None:
    seen = await told(guardrails(**own(action="block")), says("a key-abcd", "efgh"), api=api, stream=stream)
    assert SECRET not in seen.answer.body.decode()
    assert seen.answer.text.endswith(REFUSAL)
    assert list(seen.answer.finish_reasons) == ["content_filter"]
    assert seen.fact is not None
    assert seen.fact.verdict == "block"


@APIS
@STREAMS
async def test_arguments_of_a_tool_are_masked(api: str, stream: bool) -> None:
    tools = [{"type": "function", "function": {"name": "save", "parameters": {"type": "object"}}}]
    model = asks_for("save", json.dumps({"what": SECRET}))
    seen = await told(guardrails(**own()), model, api=api, stream=stream, tools=tools)
    (call,) = seen.answer.calls
    assert json.loads(call.arguments) == {"what": "***"}
    assert seen.fact is not None
    assert seen.fact.places == ("tool_arguments",)


@APIS
@pytest.mark.parametrize("role", ["system", "user"])
async def test_a_request_is_masked_before_the_model_reads_it(api: str, role: str) -> None:
    said = {"role": role, "content": f"My {SECRET} is here."}
    seen = await told(guardrails(**own()), says("ok"), said, "and?", api=api)
    assert seen.asked is not None
    assert SECRET.encode() not in seen.asked.body
    # Messages joins what one role says in a row.
    assert next(each.text for each in seen.asked.messages if each.role == role).startswith("My *** is here.")
    assert seen.fact is not None
    assert seen.fact.places == (role,)


@APIS
async def test_results_of_tools_and_calls_of_earlier_turns_are_masked(api: str) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": json.dumps({"at": SECRET})}}
    seen = await told(
        guardrails(**own()),
        says("ok"),
        "look",
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": f"it says {SECRET}"},
        api=api,
    )
    assert seen.asked is not None
    assert SECRET.encode() not in seen.asked.body
    assert seen.fact is not None
    assert set(seen.fact.places) == {"history", "tool_result"}


async def test_escapes_in_arguments_of_earlier_turns_hide_nothing() -> None:
    arguments = '{"at": "\\u006bey-abcdefgh"}'
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": arguments}}
    asked = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "ok"},
    ]
    seen = await told(guardrails(**own()), says("ok"), "look", *asked)
    assert seen.asked is not None
    (sent,) = seen.asked.messages[1].calls
    assert json.loads(sent.arguments) == {"at": "***"}


@APIS
async def test_what_is_split_over_parts_is_found(api: str) -> None:
    parts = [{"type": "text", "text": "a key-abcd"}, {"type": "text", "text": "efgh b"}]
    seen = await told(guardrails(**own()), says("ok"), {"role": "user", "content": parts}, api=api)
    assert seen.asked is not None
    assert seen.asked.messages[-1].text == "a *** b"


@APIS
@STREAMS
async def test_a_request_that_is_blocked_never_reaches_the_model(api: str, stream: bool) -> None:
    seen = await told(guardrails(**own(action="block")), says("ok"), f"it is {SECRET}", api=api, stream=stream)
    assert seen.asked is None
    assert seen.answer.text == REFUSAL
    assert list(seen.answer.finish_reasons) == ["content_filter"]
    assert seen.fact is not None
    assert seen.fact.verdict == "block"


async def test_what_was_refused_is_taken_out_of_later_calls() -> None:
    later = [f"it is {SECRET}", {"role": "assistant", "content": REFUSAL}, "go on then"]
    seen = await told(guardrails(**own(action="block")), says("ok"), *later)
    assert seen.answer.text == "ok"
    assert seen.asked is not None
    assert [message.text for message in seen.asked.messages] == ["***", REFUSAL, "go on then"]


@APIS
@STREAMS
async def test_a_shadow_rule_reports_and_changes_nothing(api: str, stream: bool) -> None:
    step = guardrails(rules={"keys": {**KEY, "action": "block"}}, mode="shadow")
    seen = await told(step, says("a key-", "abcdefgh"), f"my {SECRET}", api=api, stream=stream)
    assert seen.unchanged
    assert seen.answer.text == f"a {SECRET}"
    assert seen.fact is not None
    assert (seen.fact.verdict, set(seen.fact.modes), set(seen.fact.places)) == ("allow", {"shadow"}, {"user", "answer"})


async def test_a_shadow_rule_hides_nothing_from_one_that_is_enforced() -> None:
    step = guardrails(rules={"keys": KEY, "wide": {"patterns": ["a key-[a-z]{8} b"], "mode": "shadow"}})
    seen = await told(step, says("a key-abcdefgh b"))
    assert seen.answer.text == "a *** b"


async def test_a_clean_call_leaves_as_it_came_and_records_nothing() -> None:
    seen = await told(guardrails(**own()), says("fine"), "hello")
    assert seen.unchanged
    assert seen.fact is None


async def test_a_conversation_that_was_clean_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    step = guardrails(**own())
    looked: list[str] = []
    find = step._plan.changing.find

    def counted(place: Any, text: str) -> Any:
        looked.append(text)
        return find(place, text)

    monkeypatch.setattr(step._plan.changing, "find", counted)
    await told(step, says("fine"), "hello")
    await told(step, says("fine"), "hello", {"role": "assistant", "content": "fine"}, "more")
    assert looked.count("hello") == 1
    assert looked.count("more") == 1


async def test_the_record_says_what_was_found_without_its_words() -> None:
    seen = await told(guardrails(**own(reason="it holds a key")), says("take key-abcdefgh, then go"))
    fact = seen.fact
    assert fact is not None
    assert fact.reasons == ("it holds a key",)
    assert SECRET not in str(fact)
    assert fact.evidence[0].startswith("take ")


async def test_a_call_that_breaks_off_is_on_record_too() -> None:
    given = exchange(request(f"my {SECRET}"))
    with pytest.raises(ConnectionError):
        await run(guardrails(**own()), model=ScriptedModel(status=502, fails=ConnectionError("gone")), given=given)
    assert [fact.places for fact in facts(given, GuardVerdicts)] == [("user",)]


async def test_learned_rules_take_effect_when_they_change() -> None:
    rule = Rule(id="incident.1", reason="seen before", words=("open sesame",), replacement="[taken out]")
    learned: list[tuple[LearnedRule, ...]] = [()]
    step = guardrails(replace(services(), guard_rules=lambda: learned[0]))
    assert (await told(step, says("open sesame"))).answer.text == "open sesame"
    learned[0] = (LearnedRule(rule=rule, mode="enforce", action="rewrite", places=("answer",)),)
    assert (await told(step, says("Open Sesame!"))).answer.text == "[taken out]!"


async def test_a_learned_rule_that_cannot_be_used_leaves_the_others_in_force(
    caplog: pytest.LogCaptureFixture,
) -> None:
    learned: list[tuple[LearnedRule, ...]] = [()]
    step = guardrails(replace(services(), guard_rules=lambda: learned[0]), **own())
    bad = Rule(id="incident.2", reason="no", patterns=("(",))
    learned[0] = (LearnedRule(rule=bad, places=("answer",)),)
    assert (await told(step, says(SECRET))).answer.text == "***"
    assert "incident.2" in caplog.text


async def test_secrets_are_looked_for_in_answers_unless_something_else_is_said() -> None:
    from middleware.guardrails import Guardrails

    step = Guardrails(GuardrailsSettings.model_validate({"classifier": {"enabled": False}}), services())
    token = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"
    seen = await told(step, says(f"use {token} for it"))
    assert token not in seen.answer.text
    assert isinstance(seen.fact, GuardVerdicts)


@pytest.mark.parametrize(
    ("written", "says_so"),
    [
        ({"output": ["secret"]}, "did you mean 'secrets'"),
        ({"rules": {"mine": {"action": "block"}}}, "needs patterns, words or a judge"),
        ({"rules": {"mine": {"patterns": ["a+"]}}}, "mine"),
        ({"rules": {"mine": {"patterns": ["(?=a)b"]}}}, "mine"),
        ({"rules": {"secrets": {"patterns": ["a"]}}}, "is built in"),
        ({"rules": {"advice": {"judge": "Is it advice?"}}}, "say which model"),
        ({"rules": {"pii": {"action": "block"}}}, "nobody looks for 'pii'"),
        ({"rules": {"pii.email": {"action": "block"}}}, "nobody looks for 'pii.email'"),
        ({"rules": {"injection": {"places": ["answer"]}}}, "its places are among"),
        ({"rules": {"injection": {"allow": ["so"]}}}, "knows no `allow`"),
        ({"rules": {"secrets": {"check": "luhn"}}}, "are its own"),
        ({"classifier": {"sure": 0.2, "unsure": 0.9}}, "is above sure"),
    ],
)
def test_settings_that_cannot_work_say_what_would(written: dict[str, Any], says_so: str) -> None:
    with pytest.raises(ValueError, match="(?s)" + says_so.replace("(", r"\(")):
        GuardrailsSettings.model_validate(written)


@STREAMS
@pytest.mark.parametrize("action", ["flag", "rewrite"])
async def test_a_secret_beside_what_was_found_in_an_answer_is_in_no_evidence(stream: bool, action: str) -> None:
    token = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"
    step = guardrails(rules={"kestrel": {"words": ["Kestrel"], "action": action, "places": ["answer"]}})
    for said in (f"with {token} for Kestrel", f"{'so ' * 40}{token} Kestrel"):
        seen = await told(step, says(*said.partition("5v")), "hello", stream=stream)
        assert seen.fact is not None
        (evidence,) = seen.fact.evidence
        assert "W7yZ9bC1dE3fG5" not in evidence
        assert "•••" in evidence
