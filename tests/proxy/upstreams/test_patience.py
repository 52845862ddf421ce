"""The one timer of a call, on an event loop that is only a clock."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from proxy.upstreams.patience import Patience


@dataclass
class Alarm:
    when: float
    callback: Callable[[], object]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """Its time passes when a test says so; timers that are due go off on the way."""

    def __init__(self) -> None:
        self.now = 0.0
        self.alarms: list[Alarm] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], object], /) -> Alarm:
        self.alarms.append(Alarm(when, callback))
        return self.alarms[-1]

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [alarm for alarm in self.pending if alarm.when <= end]:
            alarm = min(due, key=lambda each: each.when)
            self.now = alarm.when
            alarm.cancel()
            alarm.callback()
        self.now = end

    @property
    def pending(self) -> list[Alarm]:
        return [alarm for alarm in self.alarms if not alarm.cancelled]


class Task:
    """Counts its cancels, as a real one does."""

    def __init__(self) -> None:
        self.cancels = 0

    def cancel(self) -> bool:
        self.cancels += 1
        return True

    def cancelling(self) -> int:
        return self.cancels

    def uncancel(self) -> int:
        self.cancels -= 1
        return self.cancels


def patient(loop: Loop, first_byte: float = 60.0, idle: float = 10.0) -> tuple[Patience, list[float]]:
    """The patience, and the times at which it gave up."""
    gave_up: list[float] = []
    patience = Patience(loop, Task(), first_byte, idle)
    patience.on_expiry(lambda: gave_up.append(loop.now))
    return patience, gave_up


def test_silence_before_the_first_byte_ends_at_its_own_limit() -> None:
    loop = Loop()
    patience, gave_up = patient(loop)
    loop.pass_time(59.9)
    assert not patience.expired
    loop.pass_time(0.2)
    assert gave_up == [60.0]
    assert patience.expired


def test_a_first_byte_limit_shorter_than_the_idle_one_holds() -> None:
    loop = Loop()
    _, gave_up = patient(loop, first_byte=5.0, idle=300.0)
    loop.pass_time(400.0)
    assert gave_up == [5.0]


def test_after_the_first_byte_only_silence_between_bytes_counts() -> None:
    loop = Loop()
    patience, gave_up = patient(loop)
    loop.pass_time(50.0)
    patience.got()
    patience.wait()
    loop.pass_time(9.9)
    assert not gave_up
    loop.pass_time(0.2)
    assert gave_up == [60.0]


def test_a_stream_that_trickles_on_is_never_given_up() -> None:
    loop = Loop()
    patience, gave_up = patient(loop)
    for _ in range(1_000):
        patience.wait()
        loop.pass_time(9.0)
        patience.got()
    assert not gave_up


def test_chunks_cost_no_timers() -> None:
    loop = Loop()
    patience, _ = patient(loop)
    for _ in range(10_000):
        patience.wait()
        patience.got()
    assert len(loop.alarms) == 1


def test_a_client_that_reads_slowly_is_not_the_upstreams_silence() -> None:
    loop = Loop()
    patience, gave_up = patient(loop)
    patience.wait()
    patience.got()
    loop.pass_time(3_600.0)
    assert not gave_up
    patience.wait()
    loop.pass_time(10.1)
    assert gave_up == [3_610.0]


def test_nothing_goes_off_after_the_end() -> None:
    loop = Loop()
    patience, gave_up = patient(loop)
    patience.end()
    loop.pass_time(1_000.0)
    assert not gave_up
    assert not loop.pending


def test_giving_up_cancels_the_task_that_waits_and_takes_the_cancel_back() -> None:
    loop, task = Loop(), Task()
    patience = Patience(loop, task, 60.0, 10.0)
    loop.pass_time(61.0)
    assert task.cancels == 1
    assert patience.ended_by(asyncio.CancelledError())
    assert task.cancels == 0


def test_a_cancel_by_somebody_else_is_not_taken_for_its_own() -> None:
    loop, task = Loop(), Task()
    patience = Patience(loop, task, 60.0, 10.0)
    task.cancel()
    assert not patience.ended_by(asyncio.CancelledError())
    loop.pass_time(61.0)
    task.cancel()
    assert not patience.ended_by(asyncio.CancelledError())


def test_an_error_at_the_moment_of_giving_up_is_that_error() -> None:
    loop, task = Loop(), Task()
    patience = Patience(loop, task, 60.0, 10.0)
    loop.pass_time(61.0)
    assert not patience.ended_by(ConnectionError())
    assert task.cancels == 0
