"""Where the paths of a search end, and what lies within the lattice beam."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fsaasr.lattice.prune import BEAM_SLACK

Float64 = npt.NDArray[np.float64]


class Ends(NamedTuple):
    """How the states of the last frame that a path reached may end a path.

    Attributes:
      score: float64 (S,): score of ending in each state, -inf where that is beyond the lattice beam.
      cutoff: score of a complete path below which it is beyond the lattice beam.
      reached_final: whether any complete path exists; if not, every state that is alive may end a path, with score 0.
    """

    score: Float64
    cutoff: float
    reached_final: bool


def find_ends(alpha: Float64, final_score: npt.NDArray[Any], all_frames: bool, lattice_beam: float) -> Ends:
    """Ends of paths that reach the states of a frame with scores `alpha`; `all_frames` if it is the last frame."""
    final = final_score.astype(np.float64)
    reached_final = all_frames and bool(np.max(alpha + final) > -np.inf)
    if not reached_final:
        final = np.zeros(len(alpha))
    ends = alpha + final
    cutoff = float(ends.max()) - lattice_beam - BEAM_SLACK
    kept = (ends >= cutoff) & (ends > -np.inf)
    return Ends(np.where(kept, final, -np.inf), cutoff, reached_final)
