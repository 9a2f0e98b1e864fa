"""Exact search in plain numpy, by dense matrices over pairs of states: a second, quicker referee.

Epsilons are closed by powers of the epsilon matrix, which needs no topological order. It shares no code
with the engines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fsaasr.graph.fst_arrays import FstArrays

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ExactResult:
    """Scores over all paths that consume every frame.

    Attributes:
      best, total: maximum and log-sum over complete paths; -inf where there are none.
      best_partial: maximum over paths that need not end in a final state.
      occupancy: float64 (T, C): posterior of each column at each frame; zeros where there is no path.
    """

    best: float
    total: float
    best_partial: float
    occupancy: Matrix


def _logsum(values: Matrix, axis: int) -> Matrix:
    peak = np.max(values, axis=axis, keepdims=True)
    peak = np.where(np.isneginf(peak), 0.0, peak)
    with np.errstate(divide="ignore"):
        total: Matrix = np.squeeze(peak, axis) + np.log(np.sum(np.exp(values - peak), axis=axis))
    return total


def _times(left: Matrix, right: Matrix, log: bool) -> Matrix:
    """(i, j) x (j, k) in the log or max semiring."""
    products = left[:, :, None] + right[None, :, :]
    return _logsum(products, 1) if log else products.max(axis=1)


def _plus(left: Matrix, right: Matrix, log: bool) -> Matrix:
    return np.logaddexp(left, right) if log else np.maximum(left, right)


def _label_matrix(fst: FstArrays, label: int, log: bool) -> Matrix:
    """(S, S): score of going from one state to another by one arc of `label`."""
    matrix = np.full((fst.num_states, fst.num_states), -np.inf)
    for state in range(fst.num_states):
        for arc in range(int(fst.arc_offsets[state]), int(fst.arc_offsets[state + 1])):
            if fst.input_label[arc] == label:
                target = int(fst.next_state[arc])
                here = np.array(float(fst.score[arc]))
                matrix[state, target] = _plus(matrix[state, target], here, log)
    return matrix


def _epsilon_closure(fst: FstArrays, log: bool) -> Matrix:
    """(S, S): score of going from one state to another by epsilon arcs alone, the empty path included."""
    step = _label_matrix(fst, 0, log)
    power = np.where(np.eye(fst.num_states, dtype=bool), 0.0, -np.inf)
    closure = power
    for _ in range(fst.num_states):
        power = _times(power, step, log)
        if np.isneginf(power).all():
            break
        closure = _plus(closure, power, log)
    return closure


def _sweep(fst: FstArrays, scores: Matrix, log: bool) -> tuple[Matrix, Matrix, Matrix]:
    """Forward (T + 1, S), backward (T + 1, S) and per-label step matrices (C, S, S) with epsilons closed behind."""
    closure = _epsilon_closure(fst, log)
    columns = scores.shape[1]
    steps = np.stack([_times(_label_matrix(fst, c + 1, log), closure, log) for c in range(columns)])
    frames = len(scores)
    forward = np.full((frames + 1, fst.num_states), -np.inf)
    forward[0] = closure[fst.start]
    backward = np.full((frames + 1, fst.num_states), -np.inf)
    backward[frames] = fst.final_score
    for t in range(frames):
        per_label = forward[t][None, :, None] + steps + scores[t][:, None, None]
        flat = per_label.reshape(-1, fst.num_states)
        forward[t + 1] = _logsum(flat, 0) if log else flat.max(axis=0)
    for t in range(frames - 1, -1, -1):
        ahead = steps + scores[t][:, None, None] + backward[t + 1][None, None, :]
        flat = np.moveaxis(ahead, 1, 0).reshape(fst.num_states, -1)
        backward[t] = _logsum(flat, 1) if log else flat.max(axis=1)
    return forward, backward, steps


def exact_search(fst: FstArrays, matrix: npt.ArrayLike) -> ExactResult:
    """Best and total score of a graph without input-epsilon cycles through `matrix` (T, C).

    Time T * C * S^2, memory C * S^2 and S^3 for a moment: for graphs of some dozens of states.
    """
    scores = np.asarray(matrix, dtype=np.float64)
    best_forward, _, _ = _sweep(fst, scores, log=False)
    forward, backward, steps = _sweep(fst, scores, log=True)
    total = float(_logsum(forward[-1] + fst.final_score, 0))
    occupancy = np.zeros(scores.shape)
    if total > -np.inf:
        for t, row in enumerate(scores):
            through = forward[t][None, :, None] + steps + row[:, None, None] + backward[t + 1][None, None, :]
            occupancy[t] = np.exp(through - total).sum(axis=(1, 2))
    best = float(np.max(best_forward[-1] + fst.final_score))
    return ExactResult(best, total, float(best_forward[-1].max()), occupancy)
