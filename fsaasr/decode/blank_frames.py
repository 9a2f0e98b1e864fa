"""Skipping blank frames: an approximation for CTC, off unless asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from fsaasr.core.errors import ConfigError
from fsaasr.core.scores import Scores
from fsaasr.core.symbols import BLANK
from fsaasr.graph import Graph


def only_blank(graph: Graph, scores: Scores, threshold: float) -> Scores:
    """The same scores with blank as the only column of the frames whose blank posterior is above `threshold`.

    A search follows blanks alone there (`make bench` has what that saves and costs), all paths keep their times, and
    the scores that are left are exact. Paths that want another column there are lost, which matters where blank is
    likely but not certain (Chen et al. 2016 drop such frames altogether).

    Raises:
      ConfigError: column 0 of the graph is not blank.
    """
    kept = only_blank_rows(graph, scores.log_probs, threshold)
    return Scores(kept, scores.lengths, scores.frame_shift, scores.kind, scores.ids)


def only_blank_rows(graph: Graph, rows: Any, threshold: float) -> Any:
    """A copy of `rows` (..., C), numpy or torch; as `only_blank`."""
    if graph.column_names[0] != BLANK:
        raise ConfigError(
            f"blank_threshold: column 0 of the graph ({graph.topology_name} topology) is {graph.column_names[0]!r}, "
            f"not {BLANK!r}; it is for CTC, leave it None"
        )
    kept = rows.copy() if isinstance(rows, np.ndarray) else rows.clone()
    kept[rows[..., 0] > float(np.log(threshold)), 1:] = -np.inf
    return kept
