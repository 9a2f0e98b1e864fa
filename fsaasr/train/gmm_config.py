"""`GmmTrainConfig`: how a GMM-HMM is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.graph import Topology
from fsaasr.lexicon import Lexicon
from fsaasr.models.hmm_topology import check_topology


@dataclass(frozen=True)
class GmmTrainConfig:
    """How a GMM-HMM is trained.

    Attributes:
      topology: a topology of HMM states.
      silence: the topology of the lexicon's silence, e.g. `silence5`; empty for the same as of all tokens.
      method: `full-sum` weighs all alignments (Baum-Welch), `viterbi` takes the best one.
      iterations: passes over the data.
      realign_every: passes that share an alignment, >= 1; for `viterbi`, where such passes cost little.
      gaussians: how many there shall be in all, or one a column where that is more.
      growth_end: the number of Gaussians rises, evenly, up to this iteration; it stays the same after it.
      power: Gaussians go to columns in proportion to their frames to this power, 0 to 1.
      split_min_count: frames that a column must have for each of its Gaussians, > 0.
      min_occupancy: frames below which a Gaussian or a transition is not re-estimated, > 0.
      variance_floor: least variance, as a share of the variance of all the data, above 0 to 1.
    """

    __pydantic_config__ = STRICT

    topology: str = "hmm3"
    silence: str = ""
    method: Literal["full-sum", "viterbi"] = "full-sum"
    iterations: int = 20
    realign_every: int = 1
    gaussians: int = 300
    growth_end: int = 14
    power: float = 0.25
    split_min_count: float = 20.0
    min_occupancy: float = 5.0
    variance_floor: float = 0.01

    def __post_init__(self) -> None:
        if self.method not in ("full-sum", "viterbi"):
            raise ConfigError(f"GmmTrainConfig: method {self.method!r}; expected full-sum or viterbi")
        if self.iterations < 1 or not 0 <= self.growth_end < self.iterations:
            raise ConfigError(
                f"GmmTrainConfig: iterations {self.iterations}, growth_end {self.growth_end}; "
                "expected 0 <= growth_end < iterations"
            )
        if self.realign_every < 1 or (self.realign_every > 1 and self.method != "viterbi"):
            raise ConfigError(
                f"GmmTrainConfig: realign_every {self.realign_every} with method {self.method!r}; expected >= 1, and 1 "
                "for full-sum, which has no alignment to keep"
            )
        if self.gaussians < 1 or not 0 <= self.power <= 1:
            raise ConfigError(f"GmmTrainConfig: gaussians {self.gaussians}, power {self.power}; expected >= 1, 0 to 1")
        if not (self.split_min_count > 0 and self.min_occupancy > 0 and 0 < self.variance_floor <= 1):
            raise ConfigError(
                f"GmmTrainConfig: split_min_count {self.split_min_count}, min_occupancy {self.min_occupancy}, "
                f"variance_floor {self.variance_floor}; expected > 0, > 0, above 0 to 1"
            )

    def gaussians_at(self, iteration: int, columns: int) -> int:
        """Gaussians wanted after `iteration` (0, 1, ...), for a model of `columns` score columns."""
        if iteration >= self.growth_end:
            return max(self.gaussians, columns)
        return columns + max(0, self.gaussians - columns) * (iteration + 1) // (self.growth_end + 1)


def hmm_topology(config: GmmTrainConfig, lexicon: Lexicon) -> Topology:
    """The topology that the models of a configuration have.

    Raises:
      ModelError: a topology without HMM states. ConfigError: one of silence, for a lexicon that has none.
    """
    topology = check_topology(config.topology)
    if not config.silence:
        return topology
    if lexicon.silence is None:
        raise ConfigError(f"GmmTrainConfig: silence {config.silence!r} for a lexicon without; leave it empty")
    return topology.with_tokens(check_topology(config.silence), (lexicon.silence.token,))
