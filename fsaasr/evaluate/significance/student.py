"""Tail probabilities of the normal and of Student's distribution."""

from __future__ import annotations

import math

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
