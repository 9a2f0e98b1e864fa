"""`SearchEvidence`: how hard a search worked, and what it may have missed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class SearchEvidence:
    """What a search can tell of itself.

    Attributes:
      active: int32 (T',): states that went on from each frame that the search passed.
      limited_frames: frames in which `max_active` and not the beam decided which did.
      possible_gain: upper bound of how much better than the best path found any path can be that the search
        dropped, be it through the beam or through `max_active`: in each frame, no dropped score is above the
        cutoff, and what follows is at most the sum of the best columns. -inf where nothing was dropped.
    """

    active: npt.NDArray[np.int32]
    limited_frames: int
    possible_gain: float

    @property
    def no_search_error(self) -> bool:
        """True proves that no path scores higher than the best one found; False proves nothing."""
        return self.possible_gain <= 0.0

    @property
    def mean_active(self) -> float:
        """States that went on, on average over the frames."""
        return float(self.active.mean()) if len(self.active) else 0.0
