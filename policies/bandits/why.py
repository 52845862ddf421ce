"""Says in words what an epoch does that the one before did not, save that shares moved."""

import time
from collections.abc import Iterator

from policies.bandits.epoch import Epoch
from policies.bandits.settings import Policy, TrackAndStop
from policies.bandits.state import BanditState, Restart


def reasons(policy: Policy, state: BanditState, epoch: Epoch, previous: Epoch | None) -> Iterator[str]:
    """One line a reason, of the kind that people and decisions keep."""
    stopped = previous.stopped if previous else {}
    if previous is not None:
        yield from (f"{name} joined" for name in epoch.joined if name not in previous.joined)
        yield from (f"{name} left" for name in previous.joined if name not in epoch.joined)
    yield from (f"stopped {name}: {reason}" for name, reason in epoch.stopped.items() if name not in stopped)
    yield from (f"resumed {name}" for name in stopped if name in epoch.joined and name not in epoch.stopped)
    if len(epoch.stopped) == len(epoch.joined) and (previous is None or epoch.stopped.keys() != stopped.keys()):
        answering = next(name for name, share in epoch.probabilities.items() if share)
        yield f"every variant is stopped; {answering} goes on answering, as one has to"
    restarts = epoch.regime - (previous.regime if previous else 1)
    yield from (_restarted(restart) for restart in (state.restarts[-restarts:] if restarts > 0 else ()))
    winner = previous.winner if previous else None
    if epoch.winner != winner and isinstance(policy, TrackAndStop):
        yield (
            f"winner {epoch.winner} at delta {policy.delta:g}" if epoch.winner else f"{winner} is no longer the winner"
        )


def _restarted(restart: Restart) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(restart.changed_ns // 10**9))
    return (
        f"restart after {restart.variant} changed from {restart.before:.3g} to {restart.after:.3g} "
        f"about {when} UTC; forgot {'all rewards' if restart.forgot == 'all' else 'its rewards'}"
    )
