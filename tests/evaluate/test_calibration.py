"""Calibration measures on tables by hand, and on words whose confidences are right by construction."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core import EvaluationError, Hypothesis, Span
from fsaasr.evaluate import calibration, judge_words


def test_by_hand() -> None:
    # Two bins. Below 0.5: confidences 0.2 and 0.4, one of two correct: |0.3 - 0.5| = 0.2. From 0.5 on: 0.5, 0.9 and 1,
    # two of three correct: |0.8 - 2/3| = 2/15. Expected error: 2/5 * 0.2 + 3/5 * 2/15 = 0.16.
    report = calibration([0.2, 0.4, 0.5, 0.9, 1.0], [False, True, False, True, True], bins=2)
    first, second = report.bins
    assert (first.low, first.high, first.words, first.accuracy) == (0.0, 0.5, 2, 0.5)
    assert first.confidence == pytest.approx(0.3)
    assert (second.words, second.confidence, second.accuracy) == (3, pytest.approx(0.8), pytest.approx(2 / 3))
    assert report.expected_error == pytest.approx(0.16)
    assert (report.words, report.accuracy, report.confidence) == (5, pytest.approx(0.6), pytest.approx(0.6))


def test_interval_by_hand() -> None:
    # Wilson's interval for 8 of 10: (0.8 + 1.92/10 -+ 1.96 sqrt(0.8 * 0.2 / 10 + 0.96/100)) / (1 + 3.84/10).
    (row,) = calibration([0.5] * 10, [True] * 8 + [False] * 2, bins=1).bins
    assert row.accuracy_interval == pytest.approx((0.4902, 0.9433), abs=1e-4)
    (row,) = calibration([0.5] * 10, [True] * 10, bins=1).bins
    assert row.accuracy_interval == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert calibration([0.9], [True], bins=2).bins[0].accuracy_interval == (0.0, 1.0)


def test_cross_entropy_by_hand() -> None:
    # Accuracy 3/4: H = -(3/4 ln 3/4 + 1/4 ln 1/4). Confidences 0.9 three times and 0.2: -(3 ln 0.9 + ln 0.8) / 4.
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    cross = -(3 * math.log(0.9) + math.log(0.8)) / 4
    report = calibration([0.9, 0.9, 0.2, 0.9], [True, True, False, True])
    assert report.cross_entropy == pytest.approx((entropy - cross) / entropy)
    assert calibration([0.75] * 4, [True, True, False, True]).cross_entropy == pytest.approx(0.0)
    assert calibration([1.0, 0.0], [True, False]).cross_entropy == pytest.approx(1.0, abs=1e-5)
    # One wrong word of confidence 1 costs ln 1e6, not infinitely.
    assert calibration([1.0, 1.0], [True, False]).cross_entropy == pytest.approx(
        1 - math.log(1e6) / 2 / math.log(2), abs=1e-3
    )
    assert calibration([0.5], [True]).cross_entropy is None


WORDS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50)


@given(words=WORDS, bins=st.integers(1, 20))
def test_every_word_is_in_the_bin_of_its_confidence(words: Any, bins: int) -> None:
    confidence, correct = zip(*words)
    report = calibration(confidence, correct, bins)
    for number, row in enumerate(report.bins):
        last = number == bins - 1
        inside = [word for word in words if row.low <= word[0] < row.high or (last and word[0] == 1.0)]
        assert row.words == len(inside)
        if inside:
            assert row.accuracy == pytest.approx(sum(right for _, right in inside) / len(inside))
            assert row.confidence == pytest.approx(sum(sure for sure, _ in inside) / len(inside))
    assert report.words == len(words)
    # With one bin only means count; more bins never hide a gap.
    assert calibration(confidence, correct, 1).expected_error == pytest.approx(abs(report.confidence - report.accuracy))
    assert report.expected_error >= abs(report.confidence - report.accuracy) - 1e-9
    assert 0 <= report.expected_error <= 1


def test_calibrated_confidences_have_no_error_and_sharpened_ones_have() -> None:
    rng = np.random.default_rng(0)
    true = rng.beta(2, 1, size=200_000)
    correct = rng.random(len(true)) < true
    report = calibration(true, correct)
    # A bin's accuracy has a standard error of at most 0.5 / sqrt(n): about 0.003 here.
    assert report.expected_error < 0.005
    sharp = true**3 / (true**3 + (1 - true) ** 3)
    assert calibration(sharp, correct).expected_error > 0.1
    assert calibration(sharp, correct).cross_entropy < report.cross_entropy
    assert report.cross_entropy > 0


def test_words_are_judged_beside_their_reference() -> None:
    def said(name: str, *words: tuple[str, float]) -> Hypothesis:
        spans = tuple(Span(word, n, n + 1, sure) for n, (word, sure) in enumerate(words))
        return Hypothesis(name, spans, (), (), 0.0, 0.0)

    references = {"u1": ["a", "b", "c"], "u2": [], "u3": ["a"]}
    hypotheses = [said("u2", ("x", 0.1)), said("u1", ("a", 0.9), ("c", 0.8), ("d", 0.7)), said("u3")]
    judged = judge_words(references, hypotheses)
    assert judged.confidence.tolist() == [0.1, 0.9, 0.8, 0.7]
    # `a b c` beside `a c d`: two edits, either b gone and d new, or two words replaced; the former keeps c.
    assert judged.correct.tolist() == [False, True, True, False]
    with pytest.raises(EvaluationError, match="utterance 'u9' has no reference"):
        judge_words(references, [said("u9", ("a", 0.5))])
    with pytest.raises(EvaluationError, match="word 'a' has no confidence"):
        judge_words(references, [Hypothesis("u3", (Span("a", 0, 1),), (), (), 0.0, 0.0)])


@pytest.mark.parametrize(
    ("confidence", "correct", "bins", "message"),
    [
        ([], [], 10, "0 confidences"),
        ([0.5], [True, False], 10, "1 confidences, 2 judgements"),
        ([0.5], [True], 0, "0 bins"),
        ([0.5, 1.5], [True, True], 10, "confidence 1.5, expected 0"),
        ([float("nan")], [True], 10, "confidence nan"),
    ],
)
def test_what_cannot_be_measured_is_refused(confidence: Any, correct: Any, bins: int, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        calibration(confidence, correct, bins)
