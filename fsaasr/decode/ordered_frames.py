"""Frames for tokens that come one after the other: the best of all ways to place them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def ordered_frames(said: npt.ArrayLike, waited: npt.ArrayLike, *, apart: bool) -> npt.NDArray[np.int64]:
    """The frame of each token on the best path, exactly (dynamic programming, U steps over T frames).

    A path begins before the first frame with no token. At each frame it may say the next token (or several, unless
    `apart`), and it waits there, unless it is `apart` and has said one; its score is the sum of these steps.

    Args:
      said: (T, U) score of saying token u at frame t.
      waited: (T, U + 1) score of waiting at frame t after u tokens; finite.
      apart: whether no two tokens may be at one frame; then U <= T.

    Returns:
      int64 (U,), rising; the earliest of equally good ones.
    """
    gains, costs = np.asarray(said, dtype=np.float64), np.asarray(waited, dtype=np.float64)
    frames, tokens = gains.shape
    lag = int(apart)
    # What waiting takes from the beginning up to each frame, after each number of tokens.
    until = np.concatenate([np.zeros((1, tokens + 1)), costs.cumsum(axis=0)])
    best, chosen = until[:, 0], np.zeros((tokens, frames + 1), dtype=np.int64)
    for token in range(tokens):
        # Said at a frame, it is followed by waiting from there on.
        score = best[:frames] + gains[:, token] - until[lag : frames + lag, token + 1]
        foremost = np.maximum.accumulate(score)
        better = score > np.append(-np.inf, foremost[:-1])
        place = np.maximum.accumulate(np.where(better, np.arange(frames), 0))
        at = np.minimum(np.arange(frames + 1) - lag, frames - 1)
        best = np.where(at < 0, -np.inf, foremost[at]) + until[:, token + 1]
        chosen[token] = place[at]
    path, here = np.zeros(tokens, dtype=np.int64), frames
    for token in range(tokens - 1, -1, -1):
        here = path[token] = chosen[token, here]
    return path
