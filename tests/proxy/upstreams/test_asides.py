"""What a step asks a model for itself is answered whole, and on record with the call that it serves."""

import pytest

from burnish.testing import exchange, request
from middleware.exchange import Exchange
from proxy.edge.recording import CallLog
from proxy.errors import ApiError
from proxy.upstreams.asides import Asides, ask_chat
from proxy.upstreams.attempts import ModelCalled
from records import Usage
from tests.proxy.upstreams.behind import Behind
from tests.support.upstream import Upstream, error, says

TWO = {"models": {"critic": {"provider": "local", "model": "large-instruct"}}}


def dollar_a_token(called: ModelCalled, usage: Usage) -> float:
    return float(usage.input + usage.output)


def in_step(name: str, stream: bool = False) -> tuple[Exchange, CallLog]:
    """An exchange as the step of that name sees it, and the call's log."""
    given = exchange(request("What is wax?", stream=stream))
    log = given.log
    assert isinstance(log, CallLog)
    return given.at(log.enter(name)), log


async def test_a_step_asks_another_model_and_the_call_remembers(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(says("no"))
    given, log = in_step("self_critique")
    critic = Asides(behind.router(**TWO).to("critic"), dollar_a_token)
    question = ask_chat([("system", "Answer yes or no."), ("user", "Is it right?")], max_tokens=1)
    reply = await critic(given.with_request(question))
    completion = await reply.collect()
    assert completion.text == "no"
    sent = upstream.requests[0].json()
    assert sent["model"] == "large-instruct"
    assert sent["max_tokens"] == 1
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    (aside,) = log.asides
    assert completion.usage is not None
    assert (aside.step, aside.provider, aside.model) == ("self_critique", "local", "large-instruct")
    assert (aside.status, aside.error, aside.usage) == (200, None, completion.usage)
    assert aside.cost_usd == completion.usage.input + completion.usage.output
    assert given.asides == [aside]
    # It is not the agent's own answer.
    assert log.called is None
    assert log.attempts == []


async def test_a_streamed_request_is_answered_whole(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(says("wax ", "melts"))
    given, log = in_step("self_critique", stream=True)
    reply = await Asides(behind.router(), dollar_a_token)(given)
    assert (await reply.collect()).text == "wax melts"
    assert len(log.asides) == 1


async def test_a_model_that_fails_is_on_record_too(behind: Behind, upstream: Upstream) -> None:
    upstream.always(error(500))
    given, log = in_step("judge")
    once = behind.router(model={"retries": {"max": 0}})
    with pytest.raises(ApiError):
        await Asides(once, dollar_a_token)(given)
    (aside,) = log.asides
    assert aside.status == 500
    assert aside.usage is None
    assert aside.error is not None


async def test_a_model_that_is_not_configured_is_named(behind: Behind) -> None:
    with pytest.raises(LookupError, match=r"no model 'critics'; it has critic, fast"):
        behind.router(**TWO).to("critics")
