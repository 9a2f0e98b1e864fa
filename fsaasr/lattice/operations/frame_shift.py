"""A word lattice on another grid of frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fsaasr.core.errors import LatticeError
from fsaasr.core.scores import Seconds
from fsaasr.lattice.scored_paths import SEARCH_DIED
from fsaasr.lattice.word_lattice import WordLattice


def with_frame_shift(lattice: WordLattice, frame_shift: Seconds, num_frames: int) -> WordLattice:
    """The same words and scores on another grid of frames, so that lattices of different models can be united.

    Times are rounded to the nearest frame; paths end at frame `num_frames`. Columns, being of the old frames, are left
    out.

    Args:
      lattice: whose search did not die.
      frame_shift: seconds, > 0.
      num_frames: T of the new grid. Both may end as much as a frame of the longer kind apart, since models that take
        several frames together leave some over.

    Raises:
      LatticeError: the grids do not cover the same time; a search that died.
    """
    apart = abs(num_frames * frame_shift - lattice.num_frames * lattice.frame_shift)
    if not (frame_shift > 0 and apart <= 1.001 * max(frame_shift, lattice.frame_shift)):
        raise LatticeError(
            f"with_frame_shift: {num_frames} frames of {frame_shift} s for {lattice.num_frames} of "
            f"{lattice.frame_shift} s in {lattice.utterance!r}; both must cover the utterance, but for one frame"
        )
    if SEARCH_DIED in lattice.flags:
        raise LatticeError(f"with_frame_shift: the search of {lattice.utterance!r} died before its end")
    frame = np.rint(lattice.state_frame * (lattice.frame_shift / frame_shift)).clip(0, num_frames)
    frame[lattice.state_frame == lattice.num_frames] = num_frames
    return replace(
        lattice,
        state_frame=frame.astype(np.int32),
        num_frames=num_frames,
        frame_shift=frame_shift,
        columns=None,
        column_flags=None,
    )
