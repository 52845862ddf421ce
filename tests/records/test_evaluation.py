"""A score as a span of the trace that it is about, and back."""

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


@pytest.mark.parametrize("written", [None, "no JSON", '{"id": "1"}'], ids=str)
def test_what_is_no_score_is_refused_by_the_name_of_its_span(written: str | None) -> None:
    span = evaluation_span(a_score(1), a_run(1))
    attributes = {**span.attributes, "burnish.score": written}
    with pytest.raises(TraceError, match=f"span {span.span_id}: not a Burnish score"):
        list(scores_of([Span(**{**msgspec.structs.asdict(span), "attributes": attributes})]))
