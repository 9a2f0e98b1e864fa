"""When the tokens of a hypothesis were said: by CTC's best alignment, or by where the decoder looked."""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import FloatArray
from fsaasr.decode.ordered_frames import ordered_frames

Int64 = npt.NDArray[np.int64]

_LEAST_WEIGHT = 1e-6
"""What counts as no weight, so that one token outside a window does not forbid a path."""


def ctc_times(log_probs: npt.ArrayLike, tokens: Sequence[int]) -> Tuple[Int64, Int64]:
    """First frame and end of each token in the best CTC alignment (Viterbi).

    Args:
      log_probs: (T, 1 + V) log posteriors; column 0 is blank.
      tokens: U tokens, 1 .. V, at least one.

    Returns:
      int64 (U,) each; all -1 where CTC cannot say so many tokens in T frames.
    """
    scores = np.asarray(log_probs, dtype=np.float64)
    columns = np.zeros(2 * len(tokens) + 1, dtype=np.int64)
    columns[1::2] = tokens
    # A token may follow the one before it directly where they differ.
    skips = np.zeros(len(columns), dtype=bool)
    skips[3::2] = columns[3::2] != columns[1:-2:2]
    alpha = np.full(len(columns), -np.inf)
    alpha[0] = 0.0
    moves = np.zeros((len(scores), len(columns)), dtype=np.int64)
    for frame, row in enumerate(scores):
        ways = np.full((3, len(columns)), -np.inf)
        ways[0] = alpha
        ways[1, 1:] = alpha[:-1]
        ways[2, 2:] = np.where(skips[2:], alpha[:-2], -np.inf)
        if frame == 0:
            ways[0, 1:] = -np.inf
        moves[frame] = ways.argmax(axis=0)
        alpha = ways.max(axis=0) + row[columns]
    here = len(columns) - 1 - int(alpha[-2] > alpha[-1])
    if alpha[here] == -np.inf:
        return np.full(len(tokens), -1), np.full(len(tokens), -1)
    path = np.empty(len(scores), dtype=np.int64)
    for frame in range(len(scores) - 1, -1, -1):
        path[frame] = here
        here -= int(moves[frame, here])
    places = 2 * np.arange(len(tokens)) + 1
    return np.searchsorted(path, places), np.searchsorted(path, places, side="right")


def attention_times(weights: FloatArray) -> Tuple[Int64, Int64]:
    """A frame for each token: of all frames in order, those whose weights have the largest product.

    A decoder that looks back, or far ahead, for one token thus moves no other one.

    Args:
      weights: float32 (U, T).

    Returns:
      First frame and end of each token, int64 (U,) each: an approximation. A token lasts until the next one begins, the
      last one a frame. Where there are more tokens than frames, some have none.
    """
    steps, frames = weights.shape
    if not steps:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    looked = np.log(np.maximum(weights.T.astype(np.float64), _LEAST_WEIGHT))
    starts = ordered_frames(looked, np.zeros((frames, steps + 1)), apart=steps <= frames)
    return starts, np.append(starts[1:], min(frames, int(starts[-1]) + 1))
