"""Why critique was switched, in words."""

import re

from policies.critique.settings import WorthSettings
from policies.critique.why import evidence_of, reason, text_of
from policies.critique.worth import CritiqueState, StratumState, fold
from tests.policies.critique.critics import calls


def test_a_person_is_told_what_it_did_to_right_and_to_wrong_answers() -> None:
    (switched,) = fold(WorthSettings(), CritiqueState(), calls(1_000))
    words = re.sub(r"\d+", "N", text_of(switched))
    assert words == (
        "critique switched off for stratum 'question': of N right answers it flagged N and broke N; of N wrong ones it "
        "flagged N and fixed N; N critiqued calls earned N.N on average, N that were not N.N"
    )
    found = evidence_of(switched)
    assert f"flagged {found['right_flagged']:.0f} and broke {found['broken']:.0f};" in text_of(switched)
    assert found["e_value"] >= 1 / WorthSettings().false_off


def test_it_tells_of_rewards_alone_where_versions_were_not_judged() -> None:
    (switched,) = fold(WorthSettings(), CritiqueState(), calls(20_000, both=False))
    assert "flagged" not in text_of(switched)
    assert "critiqued calls earned" in text_of(switched)


def test_of_nothing_nothing_is_told() -> None:
    assert reason(StratumState()) == "nothing is known yet"
