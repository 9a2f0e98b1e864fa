"""What loops are handed of a graph, opened: its arrays and numbers, and what words add."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types

from fsaasr.decode.compiled import by_type, inlined_kernel
from fsaasr.decode.intrinsics import array_at
from fsaasr.decode.search_records import GRAPH_ARRAYS, PART

_KINDS = dict(GRAPH_ARRAYS)
_STATES, _LABEL, _SCORE, _TARGET, _OUTPUT = (_KINDS[name] for name in ("states", "label", "score", "target", "output"))
_COLUMN, _ENTER, _RULES, _RETURNS = (_KINDS[name] for name in ("column", "enter", "rules", "returns"))
_SLACK, _REACH = np.dtype("u1"), np.dtype("f4")


class OpenSaid(NamedTuple):
    """A Said within kernels, with the number of its parts."""

    parts: Any
    count: Any
    slack: Any
    reach: Any


class OpenGraph(NamedTuple):
    """A SearchGraph within kernels; `labels` is the length of `column`."""

    states: Any
    label: Any
    score: Any
    target: Any
    output: Any
    column: Any
    enter: Any
    rules: Any
    returns: Any
    start: Any
    start_label: Any
    transient: Any
    highest: Any
    peak: Any
    best_epsilon: Any
    slots_begin: Any
    places: Any
    labels: Any
    said: Any


@by_type
def _open_said(said: Any) -> Any:
    def opened(said: Any) -> Any:
        at = said[0]
        slack, reach = array_at(at.slack, _SLACK), array_at(at.reach, _REACH)
        return OpenSaid(array_at(at.parts, PART), at.count, slack, reach)

    return opened if isinstance(said, types.Array) else lambda said: ()


@inlined_kernel
def opened(handed: Any) -> Any:
    """An OpenGraph of a Handed: nothing is copied, and only what is used is looked up."""
    at = handed.graph[0]
    return OpenGraph(
        array_at(at.states, _STATES),
        array_at(at.label, _LABEL),
        array_at(at.score, _SCORE),
        array_at(at.target, _TARGET),
        array_at(at.output, _OUTPUT),
        array_at(at.column, _COLUMN),
        array_at(at.enter, _ENTER),
        array_at(at.rules, _RULES),
        array_at(at.returns, _RETURNS),
        at.start,
        at.start_label,
        at.transient,
        at.highest,
        at.peak,
        at.best_epsilon,
        at.slots_begin,
        at.places,
        at.labels,
        _open_said(handed.said),
    )
