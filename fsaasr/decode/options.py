"""`SearchOptions`: which engine searches, and how wide."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Optional

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.decode.attention.options import BeamOptions

ENGINES = ("auto", "native", "native-exact", "k2", "k2-exact")


@dataclass(frozen=True)
class SearchOptions:
    """How to search.

    Attributes:
      engine: `native` (this package's own: exact where frames times states are few, else pruned),
        `native-exact`, `k2` (pruned), `k2-exact`, or `auto` (native). Exact engines ignore what prunes the search.
      search_beam: log score by which a state may lag behind the best of its frame.
      lattice_beam: log score by which a path may lag behind the best path and still be in the lattice.
      max_active, min_active: states expanded a frame at most and at least, whatever the search beam says.
      acoustic_scale: factor of the scores, applied before the search and visible in the lattice.
      blank_threshold: where the posterior of blank (column 0 of CTC scores) is above it, no other column is
        considered; an approximation that saves time. None considers all.
      allow_partial: whether utterances without a path to a final state give what was found, with
        `reached_final=False`; else they are an error.
      max_contexts: token histories that go on from a frame at most, of transducers, which have scores for each; the
        others of a frame are counted as limited.
      attention: how attention decoders are searched, which say tokens and not frames; of the options above, only
        `acoustic_scale` is theirs, too.
    """

    engine: str = "auto"
    search_beam: float = 16.0
    lattice_beam: float = 8.0
    max_active: int = 10000
    min_active: int = 20
    acoustic_scale: float = 1.0
    blank_threshold: Optional[float] = None
    allow_partial: bool = True
    max_contexts: int = 64
    attention: BeamOptions = field(default_factory=BeamOptions)

    __pydantic_config__ = STRICT

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ConfigError(f"SearchOptions: engine is {self.engine!r}, expected one of {', '.join(ENGINES)}")
        if not self.search_beam > 0:
            raise ConfigError(f"SearchOptions: search_beam is {self.search_beam}, expected > 0")
        if not self.lattice_beam >= 0:
            raise ConfigError(f"SearchOptions: lattice_beam is {self.lattice_beam}, expected >= 0")
        if not 0 <= self.min_active <= self.max_active or self.max_active < 1:
            raise ConfigError(
                f"SearchOptions: min_active {self.min_active} and max_active {self.max_active}; "
                "expected 0 <= min_active <= max_active and max_active >= 1"
            )
        if self.max_contexts < 1:
            raise ConfigError(f"SearchOptions: max_contexts is {self.max_contexts}, expected >= 1")
        if not 0 < self.acoustic_scale < math.inf:
            raise ConfigError(f"SearchOptions: acoustic_scale is {self.acoustic_scale}, expected a number > 0")
        if self.blank_threshold is not None and not 0 < self.blank_threshold < 1:
            raise ConfigError(f"SearchOptions: blank_threshold is {self.blank_threshold}, expected 0 < x < 1 or None")


DEFAULTS = SearchOptions()
