"""The normal and Student's distribution, and what a bootstrap of few units owes to the latter."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Sequence, Tuple

_NORMAL_FROM = 400
"""Degrees of freedom from which on Student's distribution is taken as normal."""


def normal_p(z: float) -> float:
    """Two-sided: how probable it is that a standard normal number is at least as far from 0 as `z`."""
    return math.erfc(abs(z) / math.sqrt(2.0))


def student_p(t: float, freedom: int) -> float:
    """Two-sided tail probability of Student's distribution (Abramowitz and Stegun, 26.7.3 and 26.7.4).

    Args:
      t: the statistic.
      freedom: degrees of freedom, >= 1.
    """
    if math.isinf(t):
        return 0.0
    if freedom >= _NORMAL_FROM:
        return normal_p(t)
    angle = math.atan(abs(t) / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term, series = (cosine, 0.0) if odd else (1.0, 1.0)
    if odd and freedom > 1:
        series = term
    for step in range(3 if odd else 2, freedom, 2):
        term *= cosine**2 * (step - 1) / step
        series += term
    inside = (2.0 / math.pi) * (angle + sine * series) if odd else sine * series
    return max(0.0, 1.0 - inside)


@lru_cache(maxsize=1024)
def student_quantile(p: float, freedom: int) -> float:
    """What `|t|` exceeds with probability `p` in (0, 1]; found by bisection of `student_p`."""
    low, high = 0.0, 1.0
    while student_p(high, freedom) > p:
        low, high = high, 2.0 * high
    for _ in range(100):
        middle = (low + high) / 2.0
        low, high = (middle, high) if student_p(middle, freedom) > p else (low, middle)
    return high


def satterthwaite(parts: Sequence[Tuple[float, int]]) -> int:
    """Degrees of freedom of a sum of estimated variances (Satterthwaite 1946); each with its own, not all 0."""
    total = sum(variance for variance, _ in parts)
    freedom = total**2 / sum(variance**2 / degrees for variance, degrees in parts)
    return max(1, math.floor(freedom + 1e-9))


def expanded_tail(tail: float, freedom: int, inflation: float) -> float:
    """Share of a bootstrap's draws to leave out at either end of its percentile interval.

    Draws of n units spread too little, by sqrt((n - 1) / n), and a percentile interval takes their spread as known.
    Both make it too narrow where units are few. Tails of Phi(-inflation * t) in place of Phi(-z) give it the
    width of Student's interval, and leave it the skewness of the draws. (Hesterberg, "What teachers should know about
    the bootstrap", The American Statistician 69, 2015: the expanded percentile interval.)

    Args:
      tail: what shall lie outside at either end, in (0, 0.5). freedom: degrees of freedom of the spread, n - 1.
      inflation: by which the draws spread too little: sqrt(n / (n - 1)).
    """
    return NormalDist().cdf(-inflation * student_quantile(2.0 * tail, freedom))


def p_of_share(share: float, freedom: int, inflation: float) -> float:
    """Two-sided p of the share of a bootstrap's draws beyond 0: 1 less the widest expanded interval that leaves 0 out.

    Args:
      share: in (0, 1). freedom, inflation: as in `expanded_tail`, whose inverse this is: `tail` is half of it.
    """
    return 1.0 if share >= 0.5 else student_p(NormalDist().inv_cdf(share) / inflation, freedom)


def inflation_of(count: int) -> float:
    """By how much draws of so many units, at least 2, spread less than what they are drawn from."""
    return math.sqrt(count / (count - 1))
