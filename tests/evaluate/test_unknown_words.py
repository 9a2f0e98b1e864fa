"""`unknown_word_report`: counts worked out by hand, and laws that hold of any hypotheses."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import EvaluationError
from fsaasr.core.hypothesis import Span
from fsaasr.evaluate import unknown_word_report
from fsaasr.lexicon import Lexicon

VOCABULARY = {"the", "cat", "sat"}


def word(name: str) -> Span:
    """`?b-a-t` is an unknown word with its tokens."""
    return Span("<unk>", 0.0, 0.1, None, tuple(name[1:].split("-"))) if name.startswith("?") else Span(name, 0.0, 0.1)


def words(text: str) -> tuple[Span, ...]:
    return tuple(map(word, text.split()))


def test_counts_are_those_of_a_hand_made_alignment() -> None:
    references = {"a": ["the", "bat", "sat"], "b": ["cat", "gnu"], "c": ["zoo"], "d": ["the"]}
    hypotheses = {"a": words("the ?b-a-t sat"), "b": words("?k-a-t ?g-n-o"), "c": (), "d": words("the ?x")}
    report = unknown_word_report(references, hypotheses, VOCABULARY)
    assert (report.unknown, report.detected, report.claimed, report.false_alarms) == (3, 2, 4, 2)
    assert (report.known, report.known_errors, report.insertions) == (4, 1, 1)
    assert (report.spelt, report.spelt_right, report.tokens, report.token_errors) == (2, 1, 6, 1)
    assert report.empty == ("c",)
    assert report.recall == pytest.approx(2 / 3)
    assert report.precision == 0.5
    assert "2 of 3 detected (recall 66.7 %), 2 false alarms" in report.summary()
    assert "empty hypotheses: 1, e.g. c" in report.summary()


def test_the_nearest_pronunciation_is_the_right_one() -> None:
    spellings = Lexicon.from_text("bat B AE T\nbat B AA T\ngnu N UW\n")
    report = unknown_word_report({"a": ["bat", "yak"]}, {"a": words("?B-AA-D ?Y-AE-K")}, VOCABULARY, spellings)
    assert (report.spelt, report.tokens, report.token_errors) == (1, 3, 1)  # nobody knows how to spell `yak`
    assert report.spelling_error_rate == pytest.approx(1 / 3)


def test_words_that_have_been_given_their_spelling_stay_unknown() -> None:
    named = (Span("bat", 0.0, 0.1, None, ("▁b", "at")),)
    report = unknown_word_report({"a": ["bat"]}, {"a": named}, VOCABULARY)
    assert (report.detected, report.spelt_right) == (1, 1)


@given(
    st.lists(st.sampled_from(["the", "cat", "bat", "gnu"]), min_size=1, max_size=6),
    st.lists(st.sampled_from(["the", "cat", "?b-a-t", "?g"]), max_size=6),
)
def test_shares_are_shares(reference: list[str], hypothesis: list[str]) -> None:
    report = unknown_word_report({"a": reference}, {"a": words(" ".join(hypothesis))}, VOCABULARY)
    assert report.unknown + report.known == len(reference)
    assert 0 <= report.detected <= min(report.unknown, report.claimed)
    assert report.claimed == sum(name.startswith("?") for name in hypothesis)
    assert report.spelt == report.detected
    assert report.known_errors <= report.known
    assert math.isnan(report.recall) == (report.unknown == 0)
    assert (report.empty == ("a",)) == (not hypothesis)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(EvaluationError, match="without hypothesis"):
        unknown_word_report({"a": ["the"]}, {}, VOCABULARY)
    with pytest.raises(EvaluationError, match="give the words"):
        unknown_word_report({"a": ["<unk>"]}, {"a": ()}, VOCABULARY)
