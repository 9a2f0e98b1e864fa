"""`BeamOptions`: how a transducer is searched without a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.models.transducer.config import TOPOLOGIES


@dataclass(frozen=True)
class BeamOptions:
    """How to search.

    Attributes:
      order: `time`: hypotheses of the same frame compete; `alignment`: those of as many blanks and tokens together
        (Saon et al. 2020), of the regular topology only.
      beam: hypotheses kept, 1 or more.
      topology: `regular` or `one-per-frame`, as the model was trained, or `one-per-frame` to search any model faster.
      max_symbols: tokens of one frame at most; of the regular topology in order of time.
      tokens_per_frame: tokens of an utterance at most, as a share of its frames; in order of alignment.
    """

    __pydantic_config__ = STRICT

    order: Literal["time", "alignment"] = "time"
    beam: int = 8
    topology: Literal["regular", "one-per-frame"] = "regular"
    max_symbols: int = 3
    tokens_per_frame: float = 1.0

    def __post_init__(self) -> None:
        if self.order not in ("time", "alignment") or self.topology not in TOPOLOGIES:
            raise ConfigError(
                f"BeamOptions: order {self.order!r}, topology {self.topology!r}; expected time or alignment, and "
                f"{' or '.join(TOPOLOGIES)}"
            )
        if self.order == "alignment" and self.topology != "regular":
            raise ConfigError(
                "BeamOptions: order 'alignment' with topology 'one-per-frame', where all alignments are as long as the "
                "utterance; take order 'time'"
            )
        if min(self.beam, self.max_symbols) < 1 or not self.tokens_per_frame > 0:
            raise ConfigError(
                f"BeamOptions: beam {self.beam}, max_symbols {self.max_symbols}, tokens_per_frame "
                f"{self.tokens_per_frame}; expected >= 1, >= 1, > 0"
            )

    def most_tokens(self, frames: int) -> int:
        """Tokens of an utterance at most, in order of alignment."""
        return max(1, int(self.tokens_per_frame * frames))
