"""Every arc at every frame of a toy search: the referee of the fuzzer, quicker than enumeration.

Arcs are relaxed by `np.maximum.at` and `np.add.at`, epsilons as many times as there are states, so neither an order
of states nor a graph index is needed. It shares no code with the engines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Dict, List, Sequence, Set, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.graph.fst_arrays import FstArrays

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trellis:
    """What an exact search must find.

    Where no path consumes every frame and ends in a final state, all else is about the paths to any state at the last
    frame that any path reaches, with final score 0.

    Attributes:
      best, total: maximum and log-sum over these paths.
      reached: frames that they consume; T unless all paths die before.
      reached_final: whether they are complete.
      through: float64 (T + 1, A): score of the best path through each arc taken after that many frames, or -inf.
      ending: float64 (S,): score of the best path that ends in each state, or -inf.
      end_score: float64 (S,): final score in each state, as the paths have it.
    """

    best: float
    total: float
    reached: int
    reached_final: bool
    through: Float64
    ending: Float64
    end_score: Float64

    def arcs_within(self, beam: float) -> Set[Tuple[int, int]]:
        """(frame, arc) of all arcs that lie on a path within `beam` of the best."""
        frame, arc = np.nonzero((self.through >= self.best - beam) & (self.through > -math.inf))
        return set(zip(frame.tolist(), arc.tolist()))

    def ends_within(self, beam: float) -> Dict[int, float]:
        """State and final score of all ends of paths within `beam` of the best."""
        states = np.flatnonzero((self.ending >= self.best - beam) & (self.ending > -math.inf))
        return {int(state): float(self.end_score[state]) for state in states}


class _Arcs:
    """Arcs as columns, and the epsilons among them."""

    def __init__(self, fst: FstArrays, matrix: Float64) -> None:
        self.source = np.concatenate([np.full(n, s) for s, n in enumerate(np.diff(fst.arc_offsets))]).astype(np.int64)
        self.target = fst.next_state.astype(np.int64)
        self.epsilons = np.flatnonzero(fst.input_label == 0)
        self.emitting = np.flatnonzero(fst.input_label)
        # (T + 1, A): what an arc adds when it is taken after so many frames; nothing is emitted after the last.
        self.weight = np.tile(fst.score.astype(np.float64), (len(matrix) + 1, 1))
        self.weight[:-1, self.emitting] += matrix[:, fst.input_label[self.emitting] - 1]
        self.weight[-1, self.emitting] = -math.inf


def _maximum_at(place: Float64, index: Any, values: Float64) -> bool:
    """Raises `place[index]` to `values`; says whether that changed anything."""
    before = place.copy()
    np.maximum.at(place, index, values)
    return not np.array_equal(place, before)


def _close(alpha: Float64, weight: Float64, source: Any, target: Any, epsilons: Any) -> None:
    """Raises `alpha` along epsilon arcs, as often as there can be epsilons on a path."""
    for _ in range(len(alpha)):
        if not _maximum_at(alpha, target[epsilons], alpha[source[epsilons]] + weight[epsilons]):
            break


def _best(arcs: _Arcs, start: int, states: int) -> Float64:
    """(T + 1, S): best score from the start to each state after so many frames."""
    alpha = np.full((len(arcs.weight), states), -math.inf)
    alpha[0, start] = 0.0
    for t, weight in enumerate(arcs.weight):
        _close(alpha[t], weight, arcs.source, arcs.target, arcs.epsilons)
        if t + 1 < len(alpha):
            here = arcs.emitting
            _maximum_at(alpha[t + 1], arcs.target[here], alpha[t, arcs.source[here]] + weight[here])
    return alpha


def _best_onwards(arcs: _Arcs, end_score: Float64, reached: int) -> Float64:
    """(T + 1, S): best score from each state after so many frames to the end after `reached` frames."""
    beta = np.full((len(arcs.weight) + 1, len(end_score)), -math.inf)
    beta[reached] = end_score
    for t in range(reached, -1, -1):
        weight, here = arcs.weight[t], arcs.emitting
        if t < reached:
            _maximum_at(beta[t], arcs.source[here], beta[t + 1, arcs.target[here]] + weight[here])
        _close(beta[t], weight, arcs.target, arcs.source, arcs.epsilons)
    return beta


def _total(arcs: _Arcs, start: int, end_score: Float64, reached: int) -> float:
    """Log-sum over paths, summed as probabilities: toys do not underflow."""
    mass = np.zeros(len(end_score))
    mass[start] = 1.0
    for t in range(reached + 1):
        factor = np.exp(arcs.weight[t])
        step = mass
        for _ in range(len(mass)):
            moved = np.zeros(len(mass))
            here = arcs.epsilons
            np.add.at(moved, arcs.target[here], step[arcs.source[here]] * factor[here])
            mass, step = mass + moved, moved
        if t < reached:
            moved = np.zeros(len(mass))
            here = arcs.emitting
            np.add.at(moved, arcs.target[here], mass[arcs.source[here]] * factor[here])
            mass = moved
    sum_of_paths = float(mass @ np.exp(end_score))
    return math.log(sum_of_paths) if sum_of_paths > 0 else -math.inf


def search_trellis(fst: FstArrays, matrix: npt.ArrayLike) -> Trellis:
    """Searches a graph without input-epsilon cycles exactly; time T * S * A in numpy, for toys.

    Args:
      fst: the graph.
      matrix: (T, C) log scores; input label = column + 1.
    """
    scores = np.asarray(matrix, dtype=np.float64)
    arcs = _Arcs(fst, scores)
    alpha = _best(arcs, fst.start, fst.num_states)
    reached = int(np.flatnonzero((alpha > -math.inf).any(axis=1))[-1])
    end_score = fst.final_score.astype(np.float64)
    reached_final = reached == len(scores) and bool((alpha[-1] + end_score > -math.inf).any())
    if not reached_final:
        end_score = np.zeros(fst.num_states)
    beta = _best_onwards(arcs, end_score, reached)
    emits = fst.input_label > 0
    after = np.where(emits, beta[1:, arcs.target], beta[:-1, arcs.target])
    through = alpha[:, arcs.source] + arcs.weight + after
    ending = alpha[reached] + end_score
    best = float(ending.max())
    return Trellis(
        best,
        _total(arcs, fst.start, end_score, reached),
        reached,
        reached_final,
        through,
        ending,
        np.where(alpha[reached] > -math.inf, end_score, -math.inf),
    )


def best_score_of(
    fst: FstArrays, matrix: npt.ArrayLike, columns: Sequence[int], words: Sequence[int], end_score: Float64
) -> float:
    """Score of the best path that consumes exactly `columns` and says exactly `words`; -inf where there is none.

    Paths end with `end_score` (S,), as in Trellis.
    """
    rows = np.asarray(matrix, dtype=np.float64).tolist()
    found: Dict[Tuple[int, int, int], float] = {}

    def onwards(state: int, frame: int, said: int) -> float:
        key = (state, frame, said)
        if key not in found:
            options: List[float] = [-math.inf]
            if frame == len(columns) and said == len(words):
                options.append(float(end_score[state]))
            for arc in range(int(fst.arc_offsets[state]), int(fst.arc_offsets[state + 1])):
                label, word, added = int(fst.input_label[arc]), int(fst.output_label[arc]), float(fst.score[arc])
                if label and (frame == len(columns) or columns[frame] != label - 1):
                    continue
                if word and (said == len(words) or words[said] != word):
                    continue
                if label:
                    added += rows[frame][label - 1]
                options.append(added + onwards(int(fst.next_state[arc]), frame + (label > 0), said + (word > 0)))
            found[key] = max(options)
        return found[key]

    return onwards(fst.start, 0, 0)
