"""The paired bootstrap: laws, a case small enough to enumerate, refusals."""

from __future__ import annotations

import itertools
import math
from statistics import NormalDist

import numpy as np
import pytest

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate import paired_bootstrap
from tests.evaluate.significance.reports import marked, random_patterns, substituted


def test_it_is_the_share_of_all_draws() -> None:
    first, second = [0, 2, 1], [1, 1, 4]
    drawn = list(itertools.product(range(3), repeat=3))
    differences = [sum(first[i] - second[i] for i in draw) / 30 for draw in drawn]
    found = paired_bootstrap([substituted(first)], [substituted(second)], confidence=0.8, samples=60_000)
    share = np.mean([np.sign(-value) / 2 + 0.5 for value in differences])
    assert found.improvement == pytest.approx(share, abs=0.006)
    # Student's tails of 0.1 of three units are 0.0104 of the draws (`test_bootstrap`); those of p are found backwards.
    low, high = np.quantile(differences, [0.0104, 1 - 0.0104], method="inverted_cdf")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    beyond = float(np.mean([value >= 0 for value in differences]))
    t = -NormalDist().inv_cdf(beyond) / math.sqrt(3 / 2)
    # Two degrees of freedom have a closed form.
    assert found.p == pytest.approx(1 - t / math.sqrt(2 + t * t), abs=0.02)


def test_exchanged_systems_mirror_each_other_and_a_seed_gives_equal_numbers() -> None:
    rng = np.random.default_rng(0)
    first, second = (marked(random_patterns(rng, [8] * 40, rate)) for rate in (0.1, 0.2))
    one, other = paired_bootstrap([first], [second], seed=4), paired_bootstrap([second], [first], seed=4)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.improvement == pytest.approx(1 - other.improvement)
    assert one.p == other.p
    assert one == paired_bootstrap([first], [second], seed=4)
    assert one.low <= one.difference <= one.high


def test_a_system_does_not_differ_from_itself() -> None:
    report = substituted([0, 1, 2])
    found = paired_bootstrap([report], [report])
    assert (found.low, found.high, found.improvement, found.p) == (0.0, 0.0, 0.5, 1.0)


def test_speakers_are_drawn_with_all_their_utterances() -> None:
    # Of two speakers, one is all in favour of the first system, the other as much against it.
    first, second = marked(["s" * 4] * 5 + ["." * 4] * 5, 5), marked(["." * 4] * 5 + ["s" * 4] * 5, 5)
    found = paired_bootstrap([first], [second], "speaker")
    assert (found.low, found.high) == (-1.0, 1.0)
    assert found.improvement == pytest.approx(0.5, abs=0.02)
    narrow = paired_bootstrap([first], [second])
    assert narrow.high - narrow.low < 1.8


def test_trainings_count_by_their_mean() -> None:
    found = paired_bootstrap([substituted([0, 2]), substituted([2, 0])], [substituted([1, 1])])
    assert (found.difference, found.low, found.high) == (0.0, 0.0, 0.0)


def test_what_does_not_fit_is_refused() -> None:
    one = substituted([1, 2])
    with pytest.raises(EvaluationError, match="paired_bootstrap: report 2 is not of the references"):
        paired_bootstrap([one], [substituted([1])])
    with pytest.raises(EvaluationError, match="paired_bootstrap: 1 utterance"):
        paired_bootstrap([substituted([1])], [substituted([1])])
    with pytest.raises(EvaluationError, match="paired_bootstrap: utterance 'u0' has no speaker"):
        paired_bootstrap([one], [one], "speaker")
    with pytest.raises(EvaluationError, match="samples 9"):
        paired_bootstrap([one], [one], samples=9)
