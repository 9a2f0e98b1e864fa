"""Corrections of p-values for the number of comparisons."""

from __future__ import annotations

from typing import Callable, Dict, List, Literal, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import EvaluationError

Correction = Literal["holm", "benjamini-hochberg", "none"]


def holm(p_values: Sequence[float]) -> Tuple[float, ...]:
    """Holm's step-down correction: the chance of any false finding is at most the level that these are held to.

    After Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    It supposes nothing of how the comparisons depend on one another.

    Args:
      p_values: in 0 .. 1, in any order.

    Raises:
      EvaluationError: a value outside 0 .. 1.

    Example:
      >>> [round(p, 2) for p in holm([0.01, 0.04, 0.03])]
      [0.03, 0.06, 0.06]
    """
    values = _checked(p_values)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    return _in_place(np.minimum(stepped, 1.0), order)


def benjamini_hochberg(p_values: Sequence[float]) -> Tuple[float, ...]:
    """Benjamini and Hochberg's correction: the expected share of false findings is at most the level.

    After "Controlling the false discovery rate", Journal of the Royal Statistical Society B 57 (1995). It supposes that
    the comparisons are independent or go together.

    Args:
      p_values: in 0 .. 1, in any order.

    Raises:
      EvaluationError: a value outside 0 .. 1.

    Example:
      >>> [round(p, 3) for p in benjamini_hochberg([0.01, 0.04, 0.03])]
      [0.03, 0.04, 0.04]
    """
    values = _checked(p_values)
    order = np.argsort(values, kind="stable")[::-1]
    factors = len(values) / np.arange(len(values), 0, -1)
    return _in_place(np.minimum(np.minimum.accumulate(values[order] * factors), 1.0), order)


CORRECTIONS: Dict[str, Callable[[Sequence[float]], Tuple[float, ...]]] = {
    "holm": holm,
    "benjamini-hochberg": benjamini_hochberg,
    "none": lambda p_values: tuple(_checked(p_values).tolist()),
}
"""Corrections by name."""


def _checked(p_values: Sequence[float]) -> npt.NDArray[np.float64]:
    values = np.asarray(p_values, dtype=np.float64).reshape(-1)
    if not ((values >= 0.0) & (values <= 1.0)).all():
        raise EvaluationError(f"p-values lie in 0 .. 1, found {values[~((values >= 0) & (values <= 1))][0]}")
    return values


def _in_place(ordered: npt.NDArray[np.float64], order: npt.NDArray[np.int64]) -> Tuple[float, ...]:
    found: List[float] = [0.0] * len(ordered)
    for place, value in zip(order.tolist(), ordered.tolist()):
        found[place] = value
    return tuple(found)
