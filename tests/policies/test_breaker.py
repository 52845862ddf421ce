"""The breaker in front of an upstream, on a clock that the test moves."""

from policies.breaker import Admission, Breaker, State


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def breaker(clock: Clock, failures: int = 3, cooldown: float = 10.0) -> Breaker:
    return Breaker(failures=failures, cooldown=cooldown, clock=clock)


def admitted(of: Breaker) -> Admission:
    admission = of.admit()
    assert admission is not None
    return admission


def state(of: Breaker) -> State:
    """Asked anew: a type checker thinks that a property stays as it was."""
    return of.state


def opened(clock: Clock) -> Breaker:
    made = breaker(clock)
    for _ in range(3):
        admitted(made).failed()
    return made


def test_a_new_breaker_lets_calls_through() -> None:
    made = breaker(Clock())
    assert state(made) == "closed"
    assert all(made.admit() for _ in range(100))


def test_enough_failures_in_a_row_open_it() -> None:
    clock = Clock()
    made = breaker(clock)
    for _ in range(2):
        admitted(made).failed()
    assert state(made) == "closed"
    admitted(made).failed()
    assert state(made) == "open"
    assert made.admit() is None


def test_a_success_between_failures_starts_the_count_again() -> None:
    made = breaker(Clock())
    for _ in range(10):
        admitted(made).failed()
        admitted(made).failed()
        admitted(made).succeeded()
    assert state(made) == "closed"


def test_calls_whose_client_left_count_neither_way() -> None:
    made = breaker(Clock())
    admitted(made).failed()
    admitted(made).failed()
    admitted(made).abandoned()
    assert state(made) == "closed"
    admitted(made).failed()
    assert state(made) == "open"


def test_an_open_breaker_says_how_long_it_stays_so() -> None:
    clock = Clock()
    made = opened(clock)
    assert made.wait == 10.0
    clock.now += 4.0
    assert made.wait == 6.0
    assert made.admit() is None
    clock.now += 6.0
    assert made.wait == 0.0
    assert state(made) == "half_open"


def test_after_the_cooldown_one_call_tries_and_the_others_stay_out() -> None:
    clock = Clock()
    made = opened(clock)
    clock.now += 10.0
    assert made.admit() is not None
    assert made.admit() is None


def test_a_trial_that_succeeds_closes_it() -> None:
    clock = Clock()
    made = opened(clock)
    clock.now += 10.0
    admitted(made).succeeded()
    assert state(made) == "closed"
    admitted(made).failed()
    assert state(made) == "closed"


def test_a_trial_whose_answer_begins_closes_it_without_waiting_for_the_end() -> None:
    clock = Clock()
    made = opened(clock)
    clock.now += 10.0
    trial = admitted(made)
    trial.answering()
    assert state(made) == "closed"
    trial.failed()
    assert state(made) == "closed"


def test_a_trial_that_fails_opens_it_for_another_cooldown() -> None:
    clock = Clock()
    made = opened(clock)
    clock.now += 12.0
    admitted(made).failed()
    assert state(made) == "open"
    assert made.wait == 10.0


def test_a_trial_whose_client_leaves_makes_room_for_the_next() -> None:
    clock = Clock()
    made = opened(clock)
    clock.now += 10.0
    admitted(made).abandoned()
    assert state(made) == "half_open"
    assert made.admit() is not None


def test_calls_from_before_it_opened_do_not_decide_for_the_trial() -> None:
    clock = Clock()
    made = breaker(clock)
    slow_success, slow_failure = admitted(made), admitted(made)
    for _ in range(3):
        admitted(made).failed()
    clock.now += 5.0
    slow_failure.failed()
    assert made.wait == 5.0
    slow_success.succeeded()
    assert state(made) == "open"


def test_an_admission_counts_once() -> None:
    made = breaker(Clock())
    for _ in range(2):
        admission = admitted(made)
        admission.failed()
        admission.failed()
        admission.succeeded()
    assert state(made) == "closed"
    admitted(made).failed()
    assert state(made) == "open"
