"""A score as a span of the trace that it is about, and back."""

from typing import Any

import msgspec
import pytest
from hypothesis import given

from records.evaluation import evaluation_span, scores_of
from records.otlp import decode, encode
from records.run import Run
from records.score import Score
from records.span import Span
from records.trace import TraceError, chat_span_id, runs_of
from records.tree import spans_of
from tests.records.runs import runs
from tests.support.runs import a_run
from tests.support.scores import a_score, scores


@given(scores(), runs())
def test_a_score_comes_back_from_its_span_and_so_does_the_run_beside_it(score: Score, run: Run) -> None:
    spans = list(decode(encode([*spans_of(run), evaluation_span(score, run)], {})))
    assert list(scores_of(spans)) == [score]
    assert list(runs_of(spans)) == [run]


def test_the_span_hangs_beneath_what_was_evaluated_with_opentelemetrys_attributes() -> None:
    run = a_run(1, response_id="chatcmpl-1")
    span = evaluation_span(a_score(1, 0.0, rationale="Too long."), run)
    assert (span.trace_id, span.parent_id, span.name) == (run.trace_id, chat_span_id(run.id), "evaluate thumbs")
    assert span.start_ns == span.end_ns == a_score(1).created_ns
    assert span.attributes["gen_ai.evaluation.name"] == "thumbs"
    assert span.attributes["gen_ai.evaluation.score.value"] == 0.0
    assert span.attributes["gen_ai.evaluation.explanation"] == "Too long."
    assert span.attributes["gen_ai.response.id"] == "chatcmpl-1"


@pytest.mark.parametrize(
    ("score", "label"),
    [
        (a_score(1, 1.0), "up"),
        (a_score(1, 0.0), "down"),
        (a_score(1, 1.0, evaluator="gold"), "good"),
        (a_score(1, 0.0, evaluator="gold"), "bad"),
        (a_score(1, 5.0, evaluator="rating"), None),
        (a_score(1, None, failure="It did not answer."), None),
        (a_score(1, evaluator="preference", kind="pair", against=a_run(2).id), "preferred"),
        (a_score(2, evaluator="preference", kind="pair", against=a_run(1).id), "not preferred"),
    ],
)
def test_a_value_that_stands_for_a_word_has_it_as_its_label(score: Score, label: str | None) -> None:
    assert evaluation_span(score, a_run(1)).attributes.get("gen_ai.evaluation.score.label") == label


def test_the_value_of_a_pair_is_that_of_the_preferred_run_alone() -> None:
    score = a_score(1, evaluator="preference", kind="pair", against=a_run(2).id)
    preferred, other = (evaluation_span(score, a_run(number)) for number in (1, 2))
    assert preferred.attributes["gen_ai.evaluation.score.value"] == 1.0
    assert "gen_ai.evaluation.score.value" not in other.attributes
    assert list(scores_of([preferred, other])) == [score, score]


def test_an_evaluator_that_failed_is_an_error_without_a_value() -> None:
    span = evaluation_span(a_score(1, None, failure="The judge did not answer."), a_run(1))
    assert span.error == "The judge did not answer."
    assert span.attributes["error.type"] == "evaluation_failed"
    assert "gen_ai.evaluation.score.value" not in span.attributes


def test_second_thoughts_have_a_span_of_their_own_and_the_same_again_has_not() -> None:
    def span_id(score: Score) -> str:
        return evaluation_span(score, a_run(1)).span_id

    assert span_id(a_score(1)) == span_id(a_score(1))
    assert span_id(a_score(1)) != span_id(a_score(1, 0.0, created_ns=5))
    assert span_id(a_score(1)) != span_id(a_score(1, rater="bob"))


def test_scores_that_come_after_their_run_make_no_run() -> None:
    assert list(runs_of([evaluation_span(a_score(1), a_run(1))])) == []


def test_details_that_were_cut_are_left_out() -> None:
    score = a_score(1, None, evaluator="correction", details={"answer": "A better answer."})
    span = evaluation_span(score, a_run(1))
    cut = {**span.attributes, "burnish.score.details": span.attributes["burnish.score.details"][:9]}
    (found,) = scores_of([Span(**{**msgspec.structs.asdict(span), "attributes": cut})])
    assert found == msgspec.structs.replace(score, details={})


@pytest.mark.parametrize(
    "wrong",
    [
        {"burnish.score": None},
        {"burnish.score": "no JSON"},
        {"burnish.score": '{"id": "1"}'},
        {"gen_ai.evaluation.explanation": 7},
        {"burnish.score.details": 7},
    ],
    ids=str,
)
def test_what_is_no_score_is_refused_by_the_name_of_its_span_and_the_next_is_read(wrong: dict[str, Any]) -> None:
    span = evaluation_span(a_score(1), a_run(1))
    found = scores_of([Span(**{**msgspec.structs.asdict(span), "attributes": {**span.attributes, **wrong}}), span])
    with pytest.raises(TraceError, match=f"span {span.span_id}: not a Burnish score"):
        next(found)
    assert list(found) == [a_score(1)]
