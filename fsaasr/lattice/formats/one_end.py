"""For formats that have no final scores but one end, to which arcs without word and frame lead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.lattice.formats.assemble import LooseArcs


def with_final_scores(loose: LooseArcs, frames: npt.NDArray[Any]) -> Tuple[npt.NDArray[np.bool_], LooseArcs]:
    """Arcs without word, frame and acoustic score to the one end become final scores, the first of each state.

    Args:
      loose: what a file tells; nothing changes unless it has one final state, of score 0, which no arc leaves.
      frames: int (A,): frames of each arc.

    Returns:
      Which arcs are left, bool (A,); those, with the final scores.
    """
    ends = np.flatnonzero(~np.isneginf(loose.final_score))
    keep = np.ones(len(frames), dtype=bool)
    if len(ends) != 1 or loose.final_score[ends[0]] != 0 or ends[0] in loose.source:
        return keep, loose
    is_empty = (loose.output_label == 0) & (frames == 0) & (loose.acoustic_score == 0) & np.isfinite(loose.graph_score)
    arcs = np.flatnonzero(is_empty & (loose.target == ends[0]))
    sources, first = np.unique(loose.source[arcs], return_index=True)
    keep[arcs[first]] = False
    final_score = loose.final_score.copy()
    final_score[sources] = loose.graph_score[arcs[first]]
    if not np.any(keep & (loose.target == ends[0])) and loose.start != ends[0]:
        final_score[ends[0]] = -np.inf
    names = ("source", "target", "output_label", "acoustic_score", "graph_score")
    return keep, replace(loose, final_score=final_score, **{name: getattr(loose, name)[keep] for name in names})
