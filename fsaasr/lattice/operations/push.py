"""Scores moved as early as possible along the paths of a lattice."""

from __future__ import annotations

import numpy as np

from fsaasr.lattice.operations.score_columns import FINAL_COLUMN, score_columns, with_score_columns
from fsaasr.lattice.scored_paths import Paths


def pushed(lattice: Paths) -> Paths:
    """The lattice in which every arc has already the scores of the best way on from where it leads.

    Paths keep their scores, acoustic and graph apart, up to the rounding of float32; single arcs do not, so scores of
    words are lost. The best way on from any state but the start then scores 0, so that states that differ only in
    when scores come become equal: see `minimized`. Final states end where they are, with 0.
    """
    from fsaasr.lattice.operations.future_kernels import best_completions

    scores = score_columns(lattice)
    final = lattice.final_score.astype(np.float64)
    ahead = best_completions(lattice.source, lattice.target, scores, final, FINAL_COLUMN)
    ahead[0] = 0
    scores += ahead[lattice.target] - ahead[lattice.source]
    return with_score_columns(lattice, scores, final - ahead[:, FINAL_COLUMN])
