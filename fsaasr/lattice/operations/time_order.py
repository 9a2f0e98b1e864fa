"""States numbered anew in the order of time."""

from __future__ import annotations

from typing import NamedTuple, Tuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int32]


class TimeOrder(NamedTuple):
    """How states and arcs are to be taken so that states are in the order of time and arcs in that of their sources.

    Attributes:
      states: int64 (S,): old number of each state.
      arcs: int64 (A,): old place of each arc.
      source, target: int32 (A,): new numbers.
    """

    states: npt.NDArray[np.int64]
    arcs: npt.NDArray[np.int64]
    source: Numbers
    target: Numbers


def time_order(state_frame: Numbers, ends: Tuple[Numbers, Numbers]) -> TimeOrder:
    """Orders states by frame, and states of one frame as they stand.

    Args:
      state_frame: int32 (S,).
      ends: source and target of each arc (A,); arcs without frames go to a greater number, so that the new
        order is topological. Arcs may come in any order; those of one state keep theirs.
    """
    states = np.argsort(state_frame, kind="stable")
    number = np.empty(len(states), dtype=np.int32)
    number[states] = np.arange(len(states), dtype=np.int32)
    source, target = (number[end] for end in ends)
    arcs = np.argsort(source, kind="stable")
    return TimeOrder(states, arcs, source[arcs], target[arcs])
