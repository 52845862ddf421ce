"""Limits per minute that several workers share without asking anybody for each call.

There is one token bucket for all, and each worker is granted a part of it that it may use by itself: an escrow (O'Neil,
"The Escrow Transactional Method", TODS 1986). About once a second, and sooner where its part runs out, a worker says
what it used and is granted anew. How much is the rule of dynamic thresholds (Choudhury and Hahne, IEEE/ACM ToN 1998):
no worker holds more than a fixed ratio of what nobody holds. So idle workers hold little and a busy one gets the most,
without an estimate of what anybody will need. Where the store is away each worker has its share of what was last known,
as in Doorman (https://github.com/youtube/doorman, "safe capacity").

How far it can be off, with n workers and a bucket of size B that refills with rate r:

- All parts together are never more than what is in the bucket. So in any t seconds there are at most B + r t calls, as
  with one bucket for all. Tokens are known only when a call ends: they go over by what calls in flight use.
- Without the store, or cut off from it, each worker refills its part with r / n: again B + r t in all where nobody can
  reach it. k workers that are cut off from it alone add k r / n. So does one that starts meanwhile and knows only the
  workers of its own machine.
- A worker that is killed takes with it what it had used since its last exchange, at most its part; what it held is not
  to be had for half a minute.
- What idle workers hold is not to be had by a busy one: (n - 1) / (n + 3) of what is left if they have been idle for
  long, but a quarter of that a second later, and so on.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Asked(NamedTuple):
    """What one worker says of one bucket. `rate` is per second."""

    capacity: float
    rate: float
    used: float
    """Since it was last granted something."""
    wanted: bool
    """Whether any call came since then."""
    level: float | None
    """What was in the bucket when it last heard, for a store that has forgotten; None where it never did."""
    ago: float
    """Seconds since it last heard."""


class Granted(NamedTuple):
    """What it may use until it asks again."""

    part: float
    level: float
    """What is in the bucket, the parts of all workers included."""
    free: float
    """What no worker holds."""
    workers: int


class Quotas(Protocol):
    """The buckets that workers share, for one of them. Nothing here may fail a call."""

    @property
    def problem(self) -> str | None:
        """Why they cannot be shared now; None while they are."""
        ...

    async def exchange(self, asked: Mapping[str, Asked], *, last: bool = False) -> Mapping[str, Granted] | None:
        """Tell of each bucket what was used, and hold what is granted. The `last` exchange holds nothing.

        None while the store cannot be used; then what was told may have been taken in or not.
        """
        ...

    async def aclose(self) -> None: ...
