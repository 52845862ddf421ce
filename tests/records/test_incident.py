"""An incident that is seen again and again."""

from tests.support.incidents import an_incident
from tests.support.runs import a_run


def test_of_many_sightings_the_first_and_the_last_are_kept_and_all_are_counted() -> None:
    seen = an_incident(1)
    for number in range(2, 40):
        seen = seen.seen_again(an_incident(number, escalated=number == 7))
    assert (seen.count, seen.escalated, seen.changed_ns) == (39, True, an_incident(39).changed_ns)
    assert seen.runs == tuple(a_run(number).id for number in (1, 2, 34, 35, 36, 37, 38, 39))


def test_its_evidence_is_the_first_that_is_left() -> None:
    seen = an_incident(1).seen_again(an_incident(2))
    assert seen.evidence == an_incident(1).evidence
    assert seen.without({a_run(1).id}).evidence == an_incident(2).evidence
    assert seen.without({a_run(1).id, a_run(2).id}).evidence == ""


def test_the_same_find_of_the_same_rule_of_the_same_agent_is_one_incident() -> None:
    one = an_incident(1)
    assert an_incident(2, fingerprint=one.fingerprint).id == one.id
    for other in ({"rule": "secrets"}, {"agent": "sales"}, {"tenant": "other"}, {"fingerprint": "f"}):
        assert an_incident(1, **other).id != one.id
