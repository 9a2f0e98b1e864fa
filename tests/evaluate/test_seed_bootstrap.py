"""The interval of a mean over trainings."""

from __future__ import annotations

import numpy as np
import pytest

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate import ErrorReport, bootstrap_interval, mean_interval, word_errors


def report(wrong: set[int], utterances: int = 40) -> ErrorReport:
    reference = {f"u{n}": ["a", "b"] for n in range(utterances)}
    hypothesis = {f"u{n}": ["a", "x" if n in wrong else "b"] for n in range(utterances)}
    return word_errors(reference, hypothesis)


def test_equal_trainings_have_the_interval_of_one() -> None:
    one = report({1, 5, 7, 20})
    assert mean_interval([one, one, one]) == pytest.approx(bootstrap_interval(one), abs=0.0026)


def test_trainings_that_differ_widen_it() -> None:
    alike = [report(set(range(8))), report(set(range(8)))]
    apart = [report(set()), report(set(range(16)))]
    narrow, wide = (high - low for low, high in (np.array(mean_interval(reports)) for reports in (alike, apart)))
    assert wide > narrow > 0
    low, high = mean_interval(apart)
    assert low <= 0.1 <= high


def test_it_covers_the_truth_as_often_as_it_says() -> None:
    rng, inside = np.random.default_rng(0), 0
    for trial in range(200):
        # One rate for all trainings: the seeds' own spread is that of their test errors.
        reports = [report(set(np.flatnonzero(rng.random(40) < 0.3).tolist())) for _ in range(4)]
        low, high = mean_interval(reports, samples=400, seed=trial)
        inside += low <= 0.15 <= high
    assert inside >= 180


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(EvaluationError, match="1 reports"):
        mean_interval([report(set())])
    with pytest.raises(EvaluationError, match="report 2 is not of the utterances"):
        mean_interval([report(set()), report(set(), 39)])
    with pytest.raises(EvaluationError, match="confidence"):
        mean_interval([report(set())] * 2, confidence=1.0)


def test_drawing_speakers_of_one_utterance_each_is_drawing_utterances() -> None:
    reference = {f"u{n}": ["a", "b"] for n in range(30)}
    wrong = [set(range(4)), set(range(2, 8))]
    hypotheses = [{f"u{n}": ["a", "x" if n in bad else "b"] for n in range(30)} for bad in wrong]
    reports = [word_errors(reference, found, {name: name for name in reference}) for found in hypotheses]
    assert mean_interval(reports, "speaker") == mean_interval(reports)
    one = [word_errors(reference, found, dict.fromkeys(reference, "ann")) for found in hypotheses]
    with pytest.raises(EvaluationError, match="1 speaker"):
        mean_interval(one, "speaker")
