"""How big a lattice is for what it covers: depth frame by frame, and density."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.scored_paths import ScoredPaths


def frame_depth(lattice: ScoredPaths) -> npt.NDArray[np.int64]:
    """Arcs that cross each frame, int64 (T,); 0 after the frame where a search died."""
    begins = np.bincount(lattice.state_frame[lattice.source], minlength=lattice.num_frames + 1)
    ends = np.bincount(lattice.state_frame[lattice.target], minlength=lattice.num_frames + 1)
    depth: npt.NDArray[np.int64] = np.cumsum(begins - ends)[: lattice.num_frames]
    return depth


def lattice_depth(lattice: ScoredPaths) -> float:
    """Mean number of arcs that cross a frame, as Kaldi's `lattice-depth`; 1 for a single path.

    Raises:
      LatticeError: the utterance has no frames.
    """
    if not lattice.num_frames:
        raise LatticeError(f"lattice_depth: utterance {lattice.utterance!r} has no frames, so no depth is defined")
    return float(frame_depth(lattice).mean())


def lattice_density(lattice: ScoredPaths, words: Optional[int] = None) -> float:
    """Arcs with words for each word that was said.

    Args:
      lattice: a word lattice, preferably; in others a word may begin on many arcs.
      words: words of the reference; without, those of the best path.

    Raises:
      LatticeError: no words, so no density is defined.
    """
    if words is None:
        words = len(lattice.best_path().words)
    if words <= 0:
        raise LatticeError(f"lattice_density: utterance {lattice.utterance!r} has {words} words, expected at least one")
    return int(np.count_nonzero(lattice.output_label)) / words
