"""Every path of a small graph through a score matrix, one by one, in plain Python.

The slowest possible definition of search: what the engines are held to. It shares no code with them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Iterator, List, NamedTuple, Sequence, Tuple

import numpy.typing as npt

from fsaasr.graph.fst_arrays import FstArrays


class EnumeratedPath(NamedTuple):
    """One path: its arcs in order, its end state, and its score with and without the final score."""

    arcs: Tuple[int, ...]
    state: int
    score: float
    score_before_final: float

    def words(self, fst: FstArrays) -> Tuple[int, ...]:
        """Output labels along the path, epsilons left out."""
        labels = (int(fst.output_label[arc]) for arc in self.arcs)
        return tuple(label for label in labels if label)


@dataclass(frozen=True)
class BestAndTotal:
    """Maximum and log-sum over paths; both -inf where there are none."""

    best: float
    total: float


def _walk(
    fst: FstArrays, rows: List[List[float]], state: int, frame: int, arcs: Tuple[int, ...], score: float
) -> Iterator[Tuple[Tuple[int, ...], int, int, float]]:
    """Yields (arcs, state, frame, score) of every partial path, depth first; scores of -inf end a path."""
    yield arcs, state, frame, score
    for arc in range(int(fst.arc_offsets[state]), int(fst.arc_offsets[state + 1])):
        label = int(fst.input_label[arc])
        added = float(fst.score[arc])
        if label:
            if frame == len(rows):
                continue
            added += rows[frame][label - 1]
        if added != -math.inf:
            yield from _walk(fst, rows, int(fst.next_state[arc]), frame + (label > 0), (*arcs, arc), score + added)


def _partial_paths(fst: FstArrays, matrix: npt.ArrayLike) -> Iterator[Tuple[Tuple[int, ...], int, int, float]]:
    import numpy as np

    rows = np.asarray(matrix, dtype=np.float64).tolist()
    return _walk(fst, rows, fst.start, 0, (), 0.0)


def enumerate_paths(fst: FstArrays, matrix: npt.ArrayLike) -> List[EnumeratedPath]:
    """All paths that consume every frame and end in a final state.

    Args:
      fst: a graph without cycles of input epsilons (else this never ends).
      matrix: (T, C) log scores; input label = column + 1.

    Returns:
      Paths of score above -inf in depth-first order. Exponential in T: for toys only.
    """
    frames = len(matrix)  # type: ignore[arg-type]
    paths = []
    for arcs, state, frame, score in _partial_paths(fst, matrix):
        final = float(fst.final_score[state])
        if frame == frames and final != -math.inf:
            paths.append(EnumeratedPath(arcs, state, score + final, score))
    return paths


def enumerate_partial_paths(fst: FstArrays, matrix: npt.ArrayLike) -> Tuple[int, List[EnumeratedPath]]:
    """The last frame count that any path reaches, and all paths that reach it, final or not, with final score 0."""
    partial = list(_partial_paths(fst, matrix))
    reached = max(frame for _, _, frame, _ in partial)
    return reached, [
        EnumeratedPath(arcs, state, score, score) for arcs, state, frame, score in partial if frame == reached
    ]


def best_and_total(paths: Sequence[EnumeratedPath]) -> BestAndTotal:
    """Maximum and log-sum of the paths' scores."""
    if not paths:
        return BestAndTotal(-math.inf, -math.inf)
    best = max(path.score for path in paths)
    return BestAndTotal(best, best + math.log(math.fsum(math.exp(path.score - best) for path in paths)))
