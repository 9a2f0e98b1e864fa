"""`BeamOptions`: how a beam of token sequences is searched."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError


@dataclass(frozen=True)
class BeamOptions:
    """How to search with an attention decoder.

    Attributes:
      beam: hypotheses that go on from token to token; None for all (toys only: the search is exact then).
      score_beam: log score by which a hypothesis may lag behind the best one of its length, or that has ended, > 0;
        None for any.
      nbest: hypotheses kept at most.
      ctc_weight: share of the CTC layer's prefix probabilities in the model's score, 0 to 1; the decoder has the rest.
      length_bonus: added to the score once a token.
      length_norm: exponent a >= 0; finished hypotheses of U tokens compare by score / ((5 + U) / 6)^a (Wu et al. 2016).
      coverage: added once for each frame that was looked at by more than `coverage_from` in all (Chorowski, Jaitly
        2017): it makes up for what short hypotheses gain.
      coverage_from: sum of weights, > 0.
      end_factor: the end counts only where its log probability is above this factor times that of the best token, > 0
        (Hannun et al. 2019); None: always.
      tokens_per_frame: tokens of a hypothesis, at most, for each of the encoder's frames, > 0.
    """

    __pydantic_config__ = STRICT

    beam: Optional[int] = 8
    score_beam: Optional[float] = 16.0
    nbest: int = 8
    ctc_weight: float = 0.3
    length_bonus: float = 0.0
    length_norm: float = 0.0
    coverage: float = 0.0
    coverage_from: float = 0.5
    end_factor: Optional[float] = None
    tokens_per_frame: float = 1.0

    def __post_init__(self) -> None:
        if (self.beam is not None and self.beam < 1) or self.nbest < 1:
            raise ConfigError(f"BeamOptions: beam {self.beam}, nbest {self.nbest}; expected >= 1 (beam: or null)")
        if self.score_beam is not None and not self.score_beam > 0:
            raise ConfigError(f"BeamOptions: score_beam {self.score_beam}, expected > 0 or null")
        if not 0 <= self.ctc_weight <= 1 or not self.tokens_per_frame > 0:
            raise ConfigError(
                f"BeamOptions: ctc_weight {self.ctc_weight}, tokens_per_frame {self.tokens_per_frame}; "
                "expected 0 to 1, > 0"
            )
        if not (self.length_norm >= 0 and self.coverage_from > 0 and (self.end_factor is None or self.end_factor > 0)):
            raise ConfigError(
                f"BeamOptions: length_norm {self.length_norm}, coverage_from {self.coverage_from}, end_factor "
                f"{self.end_factor}; expected >= 0, > 0, > 0 or null"
            )
        if not (math.isfinite(self.length_bonus) and math.isfinite(self.coverage)):
            raise ConfigError(
                f"BeamOptions: length_bonus {self.length_bonus}, coverage {self.coverage}; expected finite numbers"
            )

    def normalized(self, score: float, tokens: int) -> float:
        """The score that finished hypotheses of so many tokens compare by."""
        return score / math.pow((5.0 + tokens) / 6.0, self.length_norm)

    def most(self, score: float, tokens: int, longest: int, frames: int) -> float:
        """Bound of what a hypothesis of so many tokens can be worth when it ends, as log probabilities only fall."""
        best = score + max(0.0, self.length_bonus) * (longest - tokens) + max(0.0, self.coverage) * frames
        return max(self.normalized(best, tokens), self.normalized(best, longest))
