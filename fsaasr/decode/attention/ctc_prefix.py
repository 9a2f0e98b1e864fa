"""CTC prefix probabilities: how likely CTC thinks it that an utterance begins with some tokens (Graves 2008).

With them, an attention decoder and a CTC layer search together, token by token (Watanabe et al. 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PrefixState:
    """What CTC knows of M token sequences, of all ways to say them in the first t frames, t = 0 .. T.

    Attributes:
      token, blank: float64 (M, T + 1), log probability of those that end in the last token, and in a blank.
      last: int64 (M,), the last token; 0 where there is none yet.
    """

    token: Float64
    blank: Float64
    last: npt.NDArray[np.int64]

    def select(self, rows: Sequence[int]) -> PrefixState:
        """The states of some rows."""
        return PrefixState(self.token[rows], self.blank[rows], self.last[rows])


class CtcPrefixes:
    """Prefix probabilities of one utterance."""

    def __init__(self, log_probs: npt.ArrayLike) -> None:
        """Args:
        log_probs: (T, 1 + V) log posteriors; column 0 is blank.
        """
        self.log_probs = np.asarray(log_probs, dtype=np.float64)

    @property
    def start(self) -> PrefixState:
        """The empty sequence, M = 1: nothing but blanks so far."""
        blank = np.concatenate([[0.0], np.cumsum(self.log_probs[:, 0])])
        return PrefixState(np.full((1, len(blank)), -np.inf), blank[None, :], np.zeros(1, dtype=np.int64))

    def scores(self, state: PrefixState) -> Float64:
        """float64 (M, 1 + V): log probability that an utterance begins with the tokens and each next one.

        Column 0: that the tokens are all of it. So row m sums up to the prefix probability of row m's tokens.
        """
        before = np.logaddexp(state.token, state.blank)
        scores: Float64 = np.logaddexp.reduce(before[:, :-1, None] + self.log_probs[None], axis=1)
        # A token is heard twice only with a blank between.
        repeated = np.flatnonzero(state.last)
        column = state.last[repeated]
        scores[repeated, column] = np.logaddexp.reduce(state.blank[repeated, :-1] + self.log_probs[:, column].T, axis=1)
        scores[:, 0] = before[:, -1]
        return scores

    def advance(self, state: PrefixState, tokens: npt.NDArray[np.int64]) -> PrefixState:
        """One more token each, int64 (M,), 1 .. V."""
        same = (tokens == state.last)[:, None]
        before = np.where(same, state.blank, np.logaddexp(state.token, state.blank))
        token, blank = np.full_like(state.token, -np.inf), np.full_like(state.blank, -np.inf)
        heard, silent = self.log_probs[:, tokens], self.log_probs[:, 0]
        for t in range(len(self.log_probs)):
            token[:, t + 1] = np.logaddexp(token[:, t], before[:, t]) + heard[t]
            blank[:, t + 1] = np.logaddexp(token[:, t], blank[:, t]) + silent[t]
        return PrefixState(token, blank, tokens)
