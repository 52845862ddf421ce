"""Settings: read as they stand in YAML, refused where they make no sense."""

from typing import Any

import msgspec
import pytest

from policies.bandits import BanditSettings, Contextual, Limits, Ramp, Thompson, TrackAndStop


def read(document: dict[str, Any]) -> BanditSettings:
    return msgspec.convert(document, BanditSettings)


def test_a_policy_is_told_by_its_name() -> None:
    assert read({}).policy == Thompson()
    assert read({"policy": {"policy": "track_and_stop", "delta": 0.01}}).policy == TrackAndStop(0.01)
    contextual = read({"policy": {"policy": "contextual", "strata": {"short": [0], "long": [1]}}}).policy
    assert contextual == Contextual({"short": (0.0,), "long": (1.0,)})


def test_reins_are_read_too() -> None:
    settings = read({"floor": 0.1, "ramp": {"rewards": 50}, "limits": {"error_rate": 0.2}, "change": None})
    assert settings == BanditSettings(floor=0.1, ramp=Ramp(rewards=50), limits=Limits(error_rate=0.2), change=None)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"policy": {"policy": "thomson"}}, "thomson"),
        ({"flor": 0.1}, "flor"),
        ({"floor": 1.5}, "floor must lie between 0 and 1, not 1.5"),
        ({"bounds": [1, 0]}, "bounds: 1.0 is not below 0.0"),
        ({"change": {"delta": 0}}, "change: delta must lie between 0 and 1, not 0"),
        ({"ramp": {"start": 0}}, "ramp: start must lie above 0"),
        ({"ramp": {"rewards": -1}}, "ramp: rewards and seconds must not be negative"),
        ({"limits": {"error_rate": 1}}, "limits: error_rate must be at least 0 and below 1, not 1"),
        ({"limits": {"latency_p95_ms": 0}}, "limits: latency_p95_ms must be positive, not 0"),
        ({"limits": {"alpha": 1}}, "limits: alpha must lie between 0 and 1"),
        ({"policy": {"policy": "thompson", "draws": 0}}, "draws must be at least 1, not 0"),
        ({"policy": {"policy": "ucb", "batch": 0}}, "batch must be at least 1, not 0"),
        ({"policy": {"policy": "track_and_stop", "delta": 1}}, "delta must lie between 0 and 1, not 1"),
        ({"policy": {"policy": "weighted", "weights": {"base": 0}}}, "at least one must be positive"),
        ({"policy": {"policy": "weighted", "weights": {"base": 1, "terse": -1}}}, "weights must not be negative"),
        ({"policy": {"policy": "contextual", "strata": {}}}, "strata: name at least one"),
        ({"policy": {"policy": "contextual", "strata": {"a": [0], "b": [0, 1]}}}, "must be equally long"),
        ({"policy": {"policy": "contextual", "strata": {"a": [0]}, "ridge": 0}}, "ridge must be positive, not 0"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(document: dict[str, Any], complaint: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=complaint):
        read(document)


def test_rewards_are_scaled_to_their_bounds_and_back() -> None:
    settings = BanditSettings(bounds=(-1.0, 3.0))
    assert [settings.scaled(value) for value in (-1, 1, 3, 99)] == [0, 0.5, 1, 1]
    assert settings.unscaled(0.5) == 1
