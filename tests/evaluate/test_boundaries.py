"""Boundary differences: none from itself, of the other sign the other way round, what a shift of times makes them."""

import math
import statistics

import numpy as np
import pytest

from fsaasr.core.errors import EvaluationError
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.evaluate import boundary_report

TIMES = ("mean", "median")
DISTANCES = ("count", "mean_distance", "median_distance", "largest", "within")
KINDS = ("word_starts", "word_ends", "token_starts")


def hypothesis(name, words, tokens=()):
    return Hypothesis(name, tuple(Span(*word) for word in words), tuple(Span(*token) for token in tokens), (), 0.0, 0.0)


def random_alignment(rng, names, shift=0.0):
    """Words of one or two tokens one after another, times in multiples of 10 ms."""
    found = []
    for name in names:
        words, tokens, start = [], [], shift
        for number in range(4):
            middle, end = start + 0.01 * rng.integers(1, 9), start + 0.01 * rng.integers(9, 20)
            words.append((f"w{number}", start, end))
            tokens += [(f"t{number}", start, middle), (f"u{number}", middle, end)]
            start = end + 0.01 * rng.integers(0, 5)
        found.append(hypothesis(name, words, tokens))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_an_alignment_does_not_differ_from_itself_and_the_other_way_round_signs_change(seed):
    rng = np.random.default_rng(seed)
    first, second = (random_alignment(rng, "abc") for _ in range(2))
    same = boundary_report(first, first)
    there, back = boundary_report(first, second), boundary_report(second, first)
    for kind in KINDS:
        assert getattr(same, kind).largest == 0
        assert getattr(same, kind).within == (1.0, 1.0, 1.0)
        one, other = getattr(there, kind), getattr(back, kind)
        assert [getattr(one, field) for field in DISTANCES] == [getattr(other, field) for field in DISTANCES]
        assert [getattr(one, field) for field in TIMES] == pytest.approx([-getattr(other, field) for field in TIMES])
    starts = [b.start - a.start for x, y in zip(first, second) for a, b in zip(x.words, y.words)]
    assert there.word_starts.mean == pytest.approx(statistics.fmean(starts))
    assert there.word_starts.median == pytest.approx(statistics.median(starts))
    assert there.word_starts.mean_distance == pytest.approx(statistics.fmean(map(abs, starts)))
    assert there.token_starts.count == 24


def test_a_shift_is_found_and_counted_within_tolerances():
    first, second = (random_alignment(np.random.default_rng(5), "ab", shift) for shift in (0.5, 0.52))
    report = boundary_report(first, second)
    for kind in KINDS:
        row = getattr(report, kind)
        assert (row.mean, row.median, row.largest) == pytest.approx((0.02, 0.02, 0.02))
        assert row.within == (0.0, 1.0, 1.0)
    cells = " ".join(report.table().splitlines()[1].split())
    assert cells == "word starts 8 20.0 20.0 20.0 20.0 20.0 0.0 100.0 100.0"


def test_words_that_differ_are_listed_and_not_compared():
    first = [hypothesis("u", [("the", 0, 1), ("cat", 1, 2), ("sat", 2, 3)])]
    second = [hypothesis("u", [("the", 0, 1.5), ("cats", 5, 6), ("sat", 6, 7), ("down", 7, 8)])]
    report = boundary_report(first, second)
    assert report.mismatches == (("u", "cat", "cats"), ("u", "", "down"))
    assert (report.word_starts.count, report.word_starts.largest) == (2, 4)
    assert (report.token_starts.count, report.token_mismatches) == (0, 0)
    assert math.isnan(report.token_starts.mean)
    assert "  u: cat / cats\n  u: - / down\n" in report.table()
    assert report.to_dict()["token_starts"] == {"count": 0}
    assert report.to_dict()["mismatches"][1] == {"utterance": "u", "first": "", "second": "down"}


def test_tokens_are_matched_within_words_and_silence_is_left_out():
    first = [hypothesis("u", [("to", 1, 2)], [("SIL", 0, 1), ("T", 1, 1.5), ("UW", 1.5, 2)])]
    second = [hypothesis("u", [("to", 1, 2)], [("T", 1, 1.25), ("AH", 1.25, 2), ("SIL", 2, 3)])]
    report = boundary_report(first, second)
    assert (report.token_starts.count, report.token_mismatches) == (1, 1)


def test_what_cannot_be_compared_is_refused():
    one = hypothesis("u", [("a", 0, 1)])
    with pytest.raises(EvaluationError, match=r"1 and 1 utterances, 2 of them in one alignment only \(u, v\)"):
        boundary_report([one], [hypothesis("v", [])])
    with pytest.raises(EvaluationError, match="two hypotheses of 'u' in the second"):
        boundary_report([one], [one, one])
    with pytest.raises(EvaluationError, match="first alignment of 'u': word 'b' has no times"):
        boundary_report([hypothesis("u", [("b", 0, 0)])], [one])
    with pytest.raises(EvaluationError, match="0 and 0 utterances"):
        boundary_report([], [])
