"""Why critique was switched off or on, in words and in numbers."""

from policies.arms import Arm
from policies.critique.tally import Tally
from policies.critique.worth import StratumState, Switched


def text_of(switched: Switched) -> str:
    """One sentence, for the ledger."""
    of = f" for stratum {switched.stratum!r}" if switched.stratum else ""
    return f"critique switched {'on' if switched.on else 'off'}{of}: {reason(switched.state)}"


def reason(state: StratumState) -> str:
    """What is known since it was switched last, of both versions of answers; and ever, of rewards."""
    told = [part for part in (_versions(state.lately), _rewards(state.critiqued, state.spared)) if part]
    return "; ".join(told) or "nothing is known yet"


def evidence_of(switched: Switched) -> dict[str, float]:
    """Every number that it was decided from."""
    state, told = switched.state, switched.state.lately
    return {
        "on": float(switched.on),
        "e_value": switched.evidence,
        "e_value_versions": state.pairs.evidence,
        "e_value_rewards": state.arms.evidence,
        "right": told.right,
        "right_flagged": told.right_flagged,
        "broken": told.broken,
        "wrong": told.wrong,
        "wrong_flagged": told.wrong_flagged,
        "fixed": told.fixed,
        **{f"critiqued_{name}": value for name, value in _arm(state.critiqued).items()},
        **{f"spared_{name}": value for name, value in _arm(state.spared).items()},
        "switches": float(state.switches),
    }


def _arm(arm: Arm) -> dict[str, float]:
    return {"calls": float(arm.calls), **({"reward": arm.mean} if arm.mean is not None else {})}


def _versions(tally: Tally) -> str:
    if not tally.right_flagged + tally.wrong_flagged:
        return ""
    return (
        f"of {tally.right:.0f} right answers it flagged {tally.right_flagged:.0f} and broke {tally.broken:.0f}; "
        f"of {tally.wrong:.0f} wrong ones it flagged {tally.wrong_flagged:.0f} and fixed {tally.fixed:.0f}"
    )


def _rewards(critiqued: Arm, spared: Arm) -> str:
    if critiqued.mean is None or spared.mean is None:
        return ""
    return (
        f"{critiqued.calls} critiqued calls earned {critiqued.mean:.2f} on average, "
        f"{spared.calls} that were not {spared.mean:.2f}"
    )
