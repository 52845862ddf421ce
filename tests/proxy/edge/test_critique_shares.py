"""How often answers are critiqued follows what the background process published, in every worker."""

from stores.critique_states import CRITIQUE, CritiqueShares
from stores.routing import Folded
from stores.states.sqlite import SqliteStates
from tests.proxy.edge.conftest import Start
from tests.support.upstream import Upstream, says

CHECKED = {"self_critique": {"verifiers": [{"regex": "yes"}], "holdout": 0.01}}


async def test_a_stratum_that_was_switched_off_is_critiqued_as_seldom_as_is_published(
    upstream: Upstream, start: Start
) -> None:
    """The answer fails the check each time: what the run says of its probability is what was published."""
    proxy = await start(agent={"middleware": [CHECKED]})
    upstream.always(says("no"))
    await proxy.chat("hello")
    background = SqliteStates(proxy.records / "state.db", CRITIQUE)
    shares = CritiqueShares(agent="support", shares={"question": 0.25})
    assert background.save(None, Folded(1, b""), shares)
    await proxy.worker.follow_critique()
    await proxy.chat("hello again")
    background._file.execute("drop table critique_states")
    background.close()
    await proxy.worker.follow_critique()
    await proxy.chat("and again")
    facts = [fact.attributes for run in await proxy.recorded(3) for fact in run.facts("critiqued")]
    by_arm = [{"on": 0.99, "off": 0.01}, {"on": 0.25, "off": 0.75}, {"on": 0.25, "off": 0.75}]
    assert [round(fact["probability"], 9) for fact in facts] == [
        known[fact["arm"]] for known, fact in zip(by_arm, facts, strict=True)
    ]
