"""Frames of each state of each token between two neighbours: what a decision tree is grown from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import TrainingError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import Columns

Float64 = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CHUNK = 200
"""Utterances whose frames are summed at a time."""


@dataclass(frozen=True, eq=False)
class ContextStatistics:
    """Sums over the frames of each of the N (token, state, left, right) that occur.

    Attributes:
      tokens: V names.
      states: of each token, how many it has.
      contexts: int64 (N, 4): token label, state (1, 2, ...), label of the left and of the right neighbour, 0 for the
        end of the utterance; sorted, each once.
      moments: float64 (N, 1 + 2F): number of frames, sum of the features and of their squares.
    """

    tokens: Tuple[str, ...]
    states: Tuple[int, ...]
    contexts: IntArray
    moments: Float64


def collect_contexts(
    matrices: Sequence[FloatArray],
    alignments: Sequence[Hypothesis],
    columns: Columns,
    tokens: SymbolTable,
    frame_shift: Seconds,
) -> ContextStatistics:
    """Sums the frames of aligned utterances by what stands where.

    Args:
      matrices: of each utterance the features (T, F).
      alignments: of each utterance the alignment, with the column of each of its T frames.
      columns: meaning of these columns, tied or not.
      tokens: their tokens.
      frame_shift: seconds between two frames.

    Raises:
      TrainingError: an alignment with another number of frames than its features; names the utterance.
    """
    parts: List[Tuple[IntArray, Float64]] = []
    for begin in range(0, len(matrices), CHUNK):
        chunk = slice(begin, begin + CHUNK)
        rows = [_contexts_of(alignment, columns, tokens, frame_shift) for alignment in alignments[chunk]]
        for alignment, matrix, row in zip(alignments[chunk], matrices[chunk], rows):
            if len(matrix) != len(row):
                raise TrainingError(
                    f"collect_contexts: utterance {alignment.utterance!r} has {len(matrix)} frames, its alignment "
                    f"{len(row)}; align with a model of the same frame shift"
                )
        frames = np.concatenate(matrices[chunk]).astype(np.float64)
        ones = np.ones((len(frames), 1))
        parts.append(_sum_equal(np.concatenate(rows), np.concatenate([ones, frames, frames**2], axis=1)))
    contexts, moments = _sum_equal(*(np.concatenate(arrays) for arrays in zip(*parts)))
    states = tuple(int(columns.state[columns.token == label].max()) for label in range(1, len(tokens)))
    return ContextStatistics(tokens.names[1:], states, contexts, moments)


def _contexts_of(alignment: Hypothesis, columns: Columns, tokens: SymbolTable, frame_shift: Seconds) -> IntArray:
    """int64 (T, 4): token, state, left and right neighbour of each frame."""
    path = np.array(alignment.columns, dtype=np.int64)
    labels = np.array([0, *(tokens[span.name] for span in alignment.tokens), 0], dtype=np.int64)
    starts = np.rint([span.start / frame_shift for span in alignment.tokens]).astype(np.int64)
    place = np.searchsorted(starts, np.arange(len(path)), side="right")
    return np.stack([labels[place], columns.state[path], labels[place - 1], labels[place + 1]], axis=1)


def _sum_equal(keys: IntArray, rows: Float64) -> Tuple[IntArray, Float64]:
    """The different keys, sorted, and of each the sum of its rows."""
    order = np.lexsort(keys.T[::-1])
    keys = keys[order]
    new = np.concatenate([[True], (np.diff(keys, axis=0) != 0).any(axis=1)])
    starts = np.flatnonzero(new)
    return keys[starts], np.add.reduceat(rows[order], starts, axis=0)


def log_likelihood(moments: Float64, floor: Float64) -> Float64:
    """Log likelihood of frames under the one Gaussian that fits them best, up to `frames * constant`.

    Args:
      moments: float64 (..., 1 + 2F), as in `ContextStatistics`.
      floor: float64 (F,), least variances.

    Returns:
      float64 (...); 0 where there are no frames. Differences between ways to divide the same frames are exact.
    """
    size = len(floor)
    frames = np.maximum(moments[..., :1], 1e-10)
    means = moments[..., 1 : 1 + size] / frames
    spread = np.maximum(moments[..., 1 + size :] / frames - means**2, 0.0)
    variances = np.maximum(spread, floor)
    result: Float64 = -0.5 * moments[..., 0] * (np.log(variances) + spread / variances).sum(axis=-1)
    return result


def variance_of(moments: Iterable[Float64]) -> Float64:
    """(F,) variance of all frames together."""
    total = np.sum(list(moments), axis=0)
    size = (len(total) - 1) // 2
    mean = total[1 : 1 + size] / total[0]
    variance: Float64 = total[1 + size :] / total[0] - mean**2
    return variance
