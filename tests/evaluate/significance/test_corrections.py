"""Corrections for many comparisons: definitions, laws, and tables of all pairs."""

from __future__ import annotations

from typing import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate import benjamini_hochberg, compare_systems, holm
from tests.evaluate.significance.reports import marked, random_patterns, substituted

P_VALUES = st.lists(st.sampled_from([0.0, 0.001, 0.004, 0.01, 0.02, 0.03, 0.04, 0.05, 0.2, 0.5, 1.0]), max_size=7)
LEVELS = (0.01, 0.05, 0.1)


def rejected_by_holm(values: Sequence[float], level: float) -> set[int]:
    """Holm's procedure as he states it: from the smallest on, until one is too large."""
    order = sorted(range(len(values)), key=lambda n: values[n])
    found: set[int] = set()
    for done, number in enumerate(order):
        if values[number] > level / (len(values) - done):
            break
        found.add(number)
    return found


def rejected_by_bh(values: Sequence[float], level: float) -> set[int]:
    """Benjamini and Hochberg's: all up to the largest k with p(k) <= k / m * level."""
    order = sorted(range(len(values)), key=lambda n: values[n])
    last = max((k for k, number in enumerate(order, 1) if values[number] <= k * level / len(values)), default=0)
    return set(order[:last])


@given(P_VALUES)
@settings(max_examples=200, deadline=None)
def test_what_is_rejected_is_what_the_procedures_reject(values: list[float]) -> None:
    for level in LEVELS:
        for adjusted, rejected in ((holm(values), rejected_by_holm), (benjamini_hochberg(values), rejected_by_bh)):
            assert {n for n, p in enumerate(adjusted) if p <= level + 1e-12} == rejected(values, level + 1e-13)


@given(P_VALUES)
@settings(max_examples=50, deadline=None)
def test_corrections_only_raise_and_keep_the_order(values: list[float]) -> None:
    for adjusted in (holm(values), benjamini_hochberg(values)):
        assert all(p <= q <= 1 for p, q in zip(values, adjusted))
        ranked = np.argsort(values, kind="stable")
        assert np.all(np.diff(np.array(adjusted)[ranked]) >= 0)
    assert all(b <= h + 1e-12 for b, h in zip(benjamini_hochberg(values), holm(values)))


def test_a_value_that_is_no_probability_is_refused() -> None:
    with pytest.raises(EvaluationError, match=r"0 \.\. 1, found 1.5"):
        holm([0.1, 1.5])


def test_all_pairs_are_tested_and_corrected_together() -> None:
    rng = np.random.default_rng(0)
    systems = {f"r{rate}": [marked(random_patterns(rng, [8] * 60, rate / 100))] for rate in (5, 15, 30)}
    found = compare_systems(systems, samples=200)
    assert [(c.first, c.second) for c in found] == [("r5", "r15"), ("r5", "r30"), ("r15", "r30")]
    assert tuple(c.p_adjusted for c in found) == holm([c.p for c in found])
    (one,) = compare_systems(systems, [("r30", "r5")], samples=200)
    assert one.p_adjusted == one.p
    assert one.matched.difference == -found[1].matched.difference
    free = compare_systems(systems, correction="none", samples=200)
    assert [c.p_adjusted for c in free] == [c.p for c in free]


def test_names_and_corrections_are_checked() -> None:
    with pytest.raises(EvaluationError, match="no system 'z'; there are a"):
        compare_systems({"a": [substituted([1, 0])]}, [("a", "z")])
    with pytest.raises(EvaluationError, match="correction 'bonferroni'"):
        compare_systems({}, correction="bonferroni")  # type: ignore[arg-type]
