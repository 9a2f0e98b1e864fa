"""`JointModel`: what a search asks a transducer, and the paths that it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Protocol, Tuple

from torch import Tensor


class JointModel(Protocol):
    """The part of a transducer behind its encoder; column 0 is blank, token labels 1 .. V are columns."""

    @property
    def num_columns(self) -> int:
        """C: blank and V tokens."""

    @property
    def context(self) -> Optional[int]:
        """Number of last tokens that scores depend on; None for all."""

    def start(self) -> Tuple[Tensor, Tensor]:
        """The predictor's vector (1, J) and state (1, S) before the first token."""

    def extend(self, states: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
        """The same (B, J) and (B, S) after one more token each, int64 (B,)."""

    def log_probs(self, encoded: Tensor, predicted: Tensor) -> Tensor:
        """Vectors of frames and of tokens, both (B, J), to log probabilities (B, C)."""


@dataclass(frozen=True)
class TokenPath:
    """Tokens with the frames at which they are said.

    Attributes:
      labels: of the tokens, 1 .. V. frames: of each, rising, 0 .. T - 1.
      score: log score of the model, by which of its alignments is the search's own affair.
      lm_score: log score of language models and rewards, with their scales.
    """

    labels: Tuple[int, ...]
    frames: Tuple[int, ...]
    score: float
    lm_score: float = 0.0

    @property
    def total(self) -> float:
        """What hypotheses are compared by."""
        return self.score + self.lm_score
