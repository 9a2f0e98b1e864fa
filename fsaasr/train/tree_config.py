"""`TreeConfig`: how states are tied."""

from __future__ import annotations

from dataclasses import dataclass

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError


@dataclass(frozen=True)
class TreeConfig:
    """How states are tied.

    Attributes:
      leaves: score columns wanted, or as many as there are states where that is more.
      min_frames: frames that each side of a question must have, > 0.
      min_gain: log likelihood that a question must gain, >= 0.
      questions: file of questions; empty to find them by clustering.
    """

    __pydantic_config__ = STRICT

    leaves: int = 500
    min_frames: float = 100.0
    min_gain: float = 0.0
    questions: str = ""

    def __post_init__(self) -> None:
        if self.leaves < 1 or not self.min_frames > 0 or not self.min_gain >= 0:
            raise ConfigError(
                f"TreeConfig: leaves {self.leaves}, min_frames {self.min_frames}, min_gain {self.min_gain}; "
                "expected >= 1, > 0, >= 0"
            )
