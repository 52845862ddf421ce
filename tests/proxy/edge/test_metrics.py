"""What is counted, under names of the configuration alone."""

from tests.proxy.edge.conftest import Start
from tests.proxy.edge.steps import MODELS, STEPS, agent
from tests.support.proxy import AGENT
from tests.support.upstream import Upstream, error, says


async def test_an_agent_may_leave_no_record(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"record": "none"})
    assert (await proxy.chat(stream=True)).status == 200
    assert (await proxy.get("/v1/files")).status == 200
    assert proxy.runs() == []
    assert proxy.metric("burnish_calls_total", agent=AGENT, variant="base", api="chat", outcome="ok", status="200") == 1


async def test_metrics_count_by_names_of_the_configuration_only(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent=agent({"fixed": "terse"}), steps=STEPS, models=MODELS)
    upstream.reply(says("a").costing(11, 5))
    chosen = "chosen-by-the-client"
    await proxy.chat(
        chosen, model=chosen, user=chosen, headers={"x-burnish-session": chosen}, metadata={chosen: chosen}
    )
    await proxy.post({}, path=f"/v1/{chosen}", headers={"user-agent": chosen})
    await proxy.chat(headers={"x-burnish-turn": chosen})
    await proxy.chat(headers={"authorization": f"Bearer {chosen}"})
    await proxy.get(f"/{chosen}", method="PROPFIND")
    upstream.reply(error(418, chosen, code=chosen, type=chosen))
    await proxy.chat()
    await proxy.get(f"/v1/models/{chosen}")
    exposition = (await proxy.get("/metrics")).body.decode()
    assert chosen not in exposition

    called = {"agent": AGENT, "variant": "terse", "api": "chat"}
    assert proxy.metric("burnish_calls_total", **called, outcome="ok", status="200") == 1
    assert proxy.metric("burnish_calls_total", **called, outcome="error", status="418") == 1
    assert proxy.metric("burnish_tokens_total", agent=AGENT, direction="input") == 11
    assert proxy.metric("burnish_tokens_total", agent=AGENT, direction="output") == 5
    assert proxy.metric("burnish_call_seconds_count", agent=AGENT, api="chat") == 2
    assert proxy.metric("burnish_attempts_total", provider="local", result="ok") == 2
    assert proxy.metric("burnish_attempts_total", provider="local", result="error") == 1
    assert proxy.metric("burnish_refused_total", api="chat", status="401", code="invalid_api_key") == 1
