"""What a step asks a model for itself reaches the provider, the record and the bill, and never the client."""

import pytest

from middleware.exchange import Exchange
from middleware.protocol import Handler, Settings
from middleware.reply import Reply
from middleware.services import Services
from tests.proxy.edge.conftest import Start
from tests.proxy.edge.ways import NATIVE, Way
from tests.support.upstream import Upstream, says


class Asks:
    """Asks the model what it thinks of the question before it passes that on."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._model = services.model("small")
        self._request = services.request

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        opinion = self._request([("user", f"Is this hard? {exchange.request.question}")], max_tokens=3)
        await (await self._model(exchange.with_request(opinion))).collect()
        return await call_next(exchange)


@pytest.mark.parametrize("way", NATIVE, ids=str)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_what_a_step_asks_is_paid_for_by_the_call(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    line = await way.open(start, upstream, agent={"middleware": ["asks"]}, steps={"asks": Asks})
    line.reply(says("easy"), says("wax"))
    assert (await line.told(stream=stream)).text == "wax"
    (run,) = await line.proxy.recorded()
    (aside,) = run.asides
    assert aside.step == "asks"
    assert aside.usage is not None
    assert run.usage is not None
    assert "Is this hard?" not in (run.request or "") + (run.sent or "")
    assert len(upstream.requests) == 2
