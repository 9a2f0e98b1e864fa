"""Bootstrap intervals: laws, a case that can be enumerated, refusals."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate import ErrorReport, bootstrap_interval, word_errors
from fsaasr.evaluate import bootstrap as bootstrap_module

from .strategies import scored_sets


def made_report(errors: list[int], words: list[int], speakers: list[str] | None = None) -> ErrorReport:
    """A report with these errors (substitutions) in utterances of these lengths."""
    ids = [f"u{i}" for i in range(len(words))]
    references = {u: ["a"] * n for u, n in zip(ids, words)}
    hypotheses = {u: ["b"] * e + ["a"] * (n - e) for u, e, n in zip(ids, errors, words)}
    return word_errors(references, hypotheses, dict(zip(ids, speakers)) if speakers else None)


def random_report(size: int, seed: int) -> ErrorReport:
    rng = np.random.default_rng(seed)
    return made_report(rng.binomial(10, 0.1, size).tolist(), [10] * size)


@given(st.integers(20, 60), st.integers(0, 1000), st.sampled_from([0.5, 0.9, 0.95]))
@settings(max_examples=30, deadline=None)
def test_interval_holds_the_rate_and_grows_with_confidence(size: int, seed: int, confidence: float) -> None:
    report = random_report(size, seed)
    low, high = bootstrap_interval(report, confidence=confidence, samples=1000)
    wide_low, wide_high = bootstrap_interval(report, confidence=0.99, samples=1000)
    assert 0 <= wide_low <= low <= report.wer <= high <= wide_high


@pytest.mark.parametrize("seed", range(3))
def test_interval_shrinks_as_one_over_the_root_of_the_size(seed: int) -> None:
    widths = []
    for size in (50, 200, 800):
        low, high = bootstrap_interval(random_report(size, seed), samples=2000)
        widths.append(high - low)
    # Four times the utterances halve the width; the tolerance allows for the random test sets.
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.35)
    assert widths[1] / widths[2] == pytest.approx(2, rel=0.35)


def test_interval_agrees_with_the_normal_approximation() -> None:
    report = random_report(400, 7)
    errors = np.array([entry.counts.errors for entry in report.utterances])
    half = 1.96 * errors.std() / np.sqrt(400) / 10
    low, high = bootstrap_interval(report)
    assert (low, high) == pytest.approx((report.wer - half, report.wer + half), abs=0.12 * half)


def test_quantiles_of_a_set_small_enough_to_enumerate() -> None:
    errors, words = [0, 1, 3], [2, 4, 6]
    draws = list(itertools.product(range(3), repeat=3))
    rates = sorted(sum(errors[i] for i in d) / sum(words[i] for i in d) for d in draws)
    # All 27 draws are equally likely; between two of them the quantile function is flat enough to compare.
    # Tails of 0.1 by Student's distribution: t(0.9, 2) = 1.886 from any table, 1.886 * sqrt(3 / 2) = 2.310 deviations.
    expected = np.quantile(rates, [0.0104, 1 - 0.0104], method="inverted_cdf")
    found = bootstrap_interval(made_report(errors, words), confidence=0.8, samples=50_000)
    assert found == pytest.approx(tuple(expected), abs=1e-9)


@given(scored_sets())
@settings(max_examples=30, deadline=None)
def test_one_utterance_a_speaker_gives_the_same_interval_either_way(texts: Any) -> None:
    references, hypotheses, _ = texts
    assume(len(references) > 1)
    report = word_errors(references, hypotheses, {utterance: utterance for utterance in references})
    by_speaker = bootstrap_interval(report, by="speaker", samples=200)
    assert by_speaker == bootstrap_interval(report, by="utterance", samples=200)


def test_utterances_of_a_speaker_are_drawn_together() -> None:
    # Speakers with rates 0 and 1: drawn whole, two of them give 0, 1/2 or 1, each end a quarter of the time.
    report = made_report([0] * 50 + [1] * 50, [1] * 100, ["ann"] * 50 + ["bob"] * 50)
    assert bootstrap_interval(report, by="speaker") == (0.0, 1.0)
    low, high = bootstrap_interval(report, by="utterance")
    assert 0.35 < low < 0.5 < high < 0.65


def test_same_seed_same_interval_and_global_state_untouched() -> None:
    report = random_report(50, 1)
    np.random.seed(0)  # the legacy global generator, which the library must not touch
    before = np.random.get_state()[1].copy()  # type: ignore[index]
    first = bootstrap_interval(report, seed=3)
    assert bootstrap_interval(report, seed=3) == first
    assert bootstrap_interval(report, seed=4) != first
    assert (np.random.get_state()[1] == before).all()  # type: ignore[index]


def test_drawing_in_parts_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    report = random_report(30, 2)
    whole = bootstrap_interval(report, samples=1000)
    monkeypatch.setattr(bootstrap_module, "_MAX_CELLS", 30 * 64)
    assert bootstrap_interval(report, samples=1000) == whole


def test_no_errors_give_an_empty_interval_at_zero() -> None:
    assert bootstrap_interval(made_report([0, 0], [3, 4])) == (0.0, 0.0)


def test_draws_without_reference_words_are_left_out() -> None:
    report = word_errors({"u1": ["a", "a"], "u2": []}, {"u1": ["a", "b"], "u2": []})
    assert bootstrap_interval(report) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "speaker"}, "utterance 'u0' has no speaker"),
        ({"by": "session"}, "by is 'session', expected 'utterance' or 'speaker'"),
        ({"confidence": 0.0}, "0 < confidence < 1"),
        ({"confidence": 95}, "0 < confidence < 1"),
        ({"samples": 99}, "samples >= 100"),
    ],
)
def test_refused_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(EvaluationError, match=f"bootstrap_interval: .*{message}"):
        bootstrap_interval(made_report([0, 1], [2, 2]), **options)


def test_a_single_utterance_or_speaker_has_no_interval() -> None:
    with pytest.raises(EvaluationError, match="1 utterance; at least 2"):
        bootstrap_interval(made_report([1], [2]))
    with pytest.raises(EvaluationError, match="1 speaker; at least 2"):
        bootstrap_interval(made_report([1, 0], [2, 2], ["ann", "ann"]), by="speaker")
