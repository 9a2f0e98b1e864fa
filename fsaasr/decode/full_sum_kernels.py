"""Compiled loops of the full sum: forward-backward with numbers of any size, and without logarithms.

A probability is `mantissa * 2**(BITS * power)`, the mantissa within 2**-256 .. 2**256, or 0. So a product is a product
of mantissas and a sum of powers, which are nearly always alike, and nothing under- or overflows, however far apart the
scores of an utterance are. States are ranks in epsilon order; `column` -1 marks an epsilon arc. Nothing here is
checked: the callers have done so. All kernels release the interpreter lock.
"""

from __future__ import annotations

import math
from typing import Any, Tuple

import numpy as np

from fsaasr.core.kernels import njit
from fsaasr.decode.compiled import internal

BITS = 512
UP, DOWN = 2.0**BITS, 2.0**-BITS
HIGH, LOW = 2.0 ** (BITS // 2), 2.0 ** -(BITS // 2)
NATS = BITS * math.log(2.0)
LEAST = -1e15
"""Log scores below count as -inf: their powers would not fit an integer."""


@njit(cache=True, nogil=True)
def split_log(score: Any, mantissa: Any, power: Any) -> None:
    """Probabilities of log scores (n,), as mantissas float64 and powers int64 (n,)."""
    for i in range(len(score)):
        value = np.float64(score[i])
        mantissa[i], power[i] = 0.0, 0
        if value > LEAST:
            power[i] = np.int64(np.floor(value / NATS + 0.5))
            mantissa[i] = np.exp(value - power[i] * NATS)


@njit(cache=True, nogil=True)
def split_columns(matrix: Any, columns: Any, mantissa: Any, power: Any) -> None:
    """As `split_log`, of some columns of a score matrix: (T, C) to (T, len(columns))."""
    for t in range(len(matrix)):
        split_log(matrix[t][columns], mantissa[t], power[t])


@internal
def _normal(mantissa: Any, power: Any) -> Any:
    """The same number with its mantissa in bounds again."""
    if mantissa < LOW:
        return (mantissa * UP, power - 1) if mantissa > 0.0 else (0.0, 0)
    return (mantissa * DOWN, power + 1) if mantissa > HIGH else (mantissa, power)


@internal
def _plus(mantissa: Any, power: Any, added: Any, added_power: Any) -> Any:
    """Sum of two numbers, the second not 0; what is more than 2**-512 below the other changes nothing."""
    ahead = added_power - power
    if ahead == 0:
        return mantissa + added, power
    if mantissa == 0.0 or ahead > 1:
        return added, added_power
    if ahead == 1:
        return added + mantissa * DOWN, added_power
    return (mantissa + added * DOWN if ahead == -1 else mantissa), power


@njit(cache=True, nogil=True)
def sum_forward(arcs: Any, start: int, emission: Any, emission_power: Any, alpha: Any, alpha_power: Any) -> None:
    """Fills `alpha` and `alpha_power` (T + 1, S) with sums over paths from the start.

    Args:
      arcs: by target, see `SumArcs`.
      emission, emission_power: (T, U), from `split_columns`.
    """
    frames, states = len(emission), len(arcs.offsets) - 1
    for t in range(frames + 1):
        for j in range(states):
            total, total_power = (1.0, 0) if t == 0 and j == start else (0.0, 0)
            for k in range(arcs.offsets[j], arcs.offsets[j + 1]):
                source, column = arcs.other[k], arcs.column[k]
                if column < 0:
                    value, power = alpha[t, source] * arcs.mantissa[k], alpha_power[t, source] + arcs.power[k]
                elif t > 0:
                    value = alpha[t - 1, source] * arcs.mantissa[k] * emission[t - 1, column]
                    power = alpha_power[t - 1, source] + arcs.power[k] + emission_power[t - 1, column]
                else:
                    continue
                if value > 0.0:
                    value, power = _normal(value, power)
                    total, total_power = _plus(total, total_power, value, power)
            alpha[t, j], alpha_power[t, j] = _normal(total, total_power)


@njit(cache=True, nogil=True)
def sum_all(alpha: Any, alpha_power: Any, final: Any, final_power: Any) -> Any:
    """The complete paths' sum (mantissa and power), from the last row of `sum_forward`; 0 where there is none."""
    total, total_power = 0.0, 0
    for j in range(len(final)):
        if alpha[j] * final[j] > 0.0:
            value, power = _normal(alpha[j] * final[j], alpha_power[j] + final_power[j])
            total, total_power = _plus(total, total_power, value, power)
    return _normal(total, total_power)


@njit(cache=True, nogil=True)
def sum_backward(
    arcs: Any,
    final: Any,
    final_power: Any,
    emission: Any,
    emission_power: Any,
    alpha: Any,
    alpha_power: Any,
    total: Tuple[float, int],
    column_occupancy: Any,
    arc_occupancy: Any,
) -> None:
    """Adds each arc's posterior to `column_occupancy` (T, U) and `arc_occupancy` (A,), both float64.

    Args:
      arcs: by source.
      total: the result of `sum_all`, not 0.
    """
    frames, states = len(emission), len(arcs.offsets) - 1
    now, ahead = final.copy(), np.zeros(states)
    now_power, ahead_power = final_power.copy(), np.zeros(states, np.int64)
    for t in range(frames, -1, -1):
        for i in range(states - 1, -1, -1):
            sum_, sum_power = (now[i], now_power[i]) if t == frames else (0.0, 0)
            share, share_power = alpha[t, i] / total[0], alpha_power[t, i] - total[1]
            if share == 0.0:
                now[i], now_power[i] = 0.0, 0
                continue
            for k in range(arcs.offsets[i], arcs.offsets[i + 1]):
                target, column = arcs.other[k], arcs.column[k]
                if column < 0:
                    value, power = now[target] * arcs.mantissa[k], now_power[target] + arcs.power[k]
                elif t < frames:
                    value = ahead[target] * arcs.mantissa[k] * emission[t, column]
                    power = ahead_power[target] + arcs.power[k] + emission_power[t, column]
                else:
                    continue
                if value == 0.0:
                    continue
                value, power = _normal(value, power)
                beyond = share_power + power
                if beyond > -2:  # else less than 2**-256
                    posterior = share * value * (1.0 if beyond == 0 else (DOWN if beyond < 0 else UP))
                    arc_occupancy[arcs.arc[k]] += posterior
                    if column >= 0:
                        column_occupancy[t, column] += posterior
                sum_, sum_power = _plus(sum_, sum_power, value, power)
            now[i], now_power[i] = _normal(sum_, sum_power)
        now, ahead = ahead, now
        now_power, ahead_power = ahead_power, now_power
