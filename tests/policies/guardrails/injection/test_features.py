"""What the classifier sees of a text."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from policies.guardrails.injection.features import BITS, features


def test_a_word_is_the_same_feature_wherever_it_stands() -> None:
    alone, within = features("ignore"), features("please (ignore) me")
    assert set(alone.words) < set(within.words)


def test_words_in_a_row_are_features_of_their_own() -> None:
    one, other = features("ignore all rules"), features("rules all ignore")
    assert len(one.words) == 3 + 2 + 1
    assert len(set(one.words) & set(other.words)) == 3


def test_a_feature_says_where_it_begins() -> None:
    found = features("to be or")
    assert found.words_at.tolist() == [1, 4, 7, 1, 4, 1]
    assert len(found.grams) == found.size - 3


def test_numbers_are_told_apart_by_their_length_alone() -> None:
    assert np.array_equal(features("call 0711").words, features("call 4982").words)
    assert not np.array_equal(features("call 0711").words, features("call 71").words)


@given(st.text())
def test_any_text_has_features_below_the_limit(text: str) -> None:
    found = features(text)
    for numbers in (found.words, found.grams):
        assert ((numbers >= 0) & (numbers < 2**BITS)).all()
    assert (found.words_at < found.size).all()
