"""Student's distribution against printed tables, and the tails that a bootstrap of few units takes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fsaasr.evaluate.student import (
    expanded_tail,
    inflation_of,
    normal_p,
    p_of_share,
    satterthwaite,
    student_p,
    student_quantile,
)


@pytest.mark.parametrize(
    ("t", "freedom", "p"),
    # Critical values of Student's distribution, as any table has them.
    [
        *((12.706, 1, 0.05), (4.303, 2, 0.05), (3.182, 3, 0.05), (2.776, 4, 0.05), (2.571, 5, 0.05), (2.228, 10, 0.05)),
        *((9.925, 2, 0.01), (5.841, 3, 0.01), (2.086, 20, 0.05), (2.750, 30, 0.01), (1.98, 120, 0.05)),
        (1.960, 9999, 0.05),
    ],
)
def test_students_distribution_is_that_of_the_tables(t: float, freedom: int, p: float) -> None:
    assert student_p(t, freedom) == pytest.approx(p, rel=0.003)
    assert student_p(-t, freedom) == student_p(t, freedom)
    assert student_p(0.0, freedom) == 1.0


@pytest.mark.parametrize("freedom", [1, 2, 9, 30, 399, 400])
@pytest.mark.parametrize("p", [0.9, 0.2, 0.05, 0.001])
def test_a_quantile_is_where_the_tail_has_its_probability(p: float, freedom: int) -> None:
    assert student_p(student_quantile(p, freedom), freedom) == pytest.approx(p, rel=1e-9)


# t(0.975, n - 1), as any table has it.
@pytest.mark.parametrize(("units", "t"), [(5, 2.776), (10, 2.262), (20, 2.093), (31, 2.042), (61, 2.000)])
def test_tails_leave_students_deviations_inside(units: int, t: float) -> None:
    outside = math.erfc(math.sqrt(units / (units - 1)) * t / math.sqrt(2)) / 2
    assert expanded_tail(0.025, units - 1, inflation_of(units)) == pytest.approx(outside, rel=0.003)


@pytest.mark.parametrize("units", [2, 8, 30, 1000])
@pytest.mark.parametrize("tail", [0.2, 0.025, 0.005])
def test_p_and_interval_agree(tail: float, units: int) -> None:
    few = (units - 1, inflation_of(units))
    share = expanded_tail(tail, *few)
    if share > 1e-300:
        assert p_of_share(share, *few) == pytest.approx(2 * tail, rel=1e-6)
    assert p_of_share(0.5, *few) == p_of_share(0.7, *few) == 1.0


def test_many_units_change_nothing() -> None:
    assert expanded_tail(0.025, 10**6, inflation_of(10**6)) == pytest.approx(0.025, rel=1e-5)
    assert p_of_share(0.01, 10**6, inflation_of(10**6)) == pytest.approx(0.02, rel=1e-4)


def test_normal_draws_of_few_have_students_interval() -> None:
    # The bootstrap's draws of a mean are normal in the limit of their number where the data are.
    data = np.random.default_rng(0).normal(size=12)
    deviation = data.std() / math.sqrt(12)
    tail = expanded_tail(0.025, 11, inflation_of(12))
    width = deviation * next(z / 1000 for z in range(9000) if normal_p(z / 1000) <= 2 * tail)
    assert width == pytest.approx(2.201 * data.std(ddof=1) / math.sqrt(12), rel=0.002)  # t of 11, from any table


def test_freedom_of_a_sum_lies_between_the_least_and_all() -> None:
    assert satterthwaite([(1.0, 4)]) == 4
    assert satterthwaite([(1.0, 4), (0.0, 2)]) == 4
    assert satterthwaite([(1.0, 4), (1.0, 4)]) == 8
    assert 2 <= satterthwaite([(0.1, 50), (1.0, 2)]) <= 3
