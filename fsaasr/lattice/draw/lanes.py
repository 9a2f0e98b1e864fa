"""Which arcs of a lattice are drawn, and where: the best path straight on, what leaves it in lanes around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.lattice.scored_paths import ScoredPaths

MAX_LANES = 12
"""Lanes on either side of the best path."""
GAP = 8.0
"""Pixels between two things in a lane."""

Floats = npt.NDArray[np.float64]


class Label(NamedTuple):
    """Where the word of an arc stands: middle in pixels, and row: 0 above the line, 1 below."""

    arc: int
    x: float
    row: int


@dataclass
class Lanes:
    """Arcs and states that are drawn.

    Attributes:
      lane: of each arc drawn, in order of drawing; 0 is the best path, negative lanes are above.
      state_lane: of each state drawn.
      labels: words that have room.
      taken: of each lane the stretches in use, in pixels.
    """

    lane: Dict[int, int] = field(default_factory=dict)
    state_lane: Dict[int, int] = field(default_factory=dict)
    labels: List[Label] = field(default_factory=list)
    taken: Dict[int, List[Tuple[float, float]]] = field(default_factory=dict)

    def is_free(self, lane: int, begin: float, end: float) -> bool:
        """Whether nothing in the lane is nearer than GAP."""
        return all(end + GAP <= left or right + GAP <= begin for left, right in self.taken.get(lane, ()))


@dataclass(frozen=True)
class Measures:
    """What lanes are assigned by.

    Attributes:
      x: float64 (S,): where states stand, in pixels.
      label_width: float64 (A,): pixels of each arc's word; 0 has no label.
    """

    x: Floats
    label_width: Floats


def assign_lanes(
    lattice: ScoredPaths, scaled: Tuple[Floats, Floats], best: List[int], wanted: Sequence[int], measures: Measures
) -> Lanes:
    """Gives lanes to the best path, and then to other arcs as long as there is room.

    Each arc comes with the rest of the best path through it, up to the states that are drawn already: so all that
    is drawn hangs together, and a detour of several words is one line. Where no lane is free, it is left out.

    Args:
      lattice: to draw.
      scaled: scores of arcs (A,) and of ending (S,).
      best: arcs of the best path.
      wanted: arcs to draw, the most important first.
      measures: sizes in pixels.
    """
    drawn = Lanes()
    _place(drawn, lattice, best, 0, measures)
    drawn.state_lane.setdefault(0, 0)
    before, after = _best_neighbours(lattice, *scaled)
    for arc in wanted:
        if arc in drawn.lane:
            continue
        detour = [*reversed(list(_walk(lattice.source, before, arc, drawn))), arc]
        detour += _walk(lattice.target, after, arc, drawn)
        lane = _free_lane(drawn, lattice, detour, measures)
        if lane is not None:
            _place(drawn, lattice, detour, lane, measures)
    return drawn


def _best_neighbours(lattice: ScoredPaths, scores: Floats, final: Floats) -> Tuple[List[int], List[int]]:
    """Of each state the arc by which the best path comes, and by which it goes on; -1 where it begins or ends."""
    from fsaasr.lattice.kernels import max_forward_backward

    alpha, beta = max_forward_backward(lattice.source, lattice.target, scores, final)
    before = np.full(lattice.num_states, -1)
    after = before.copy()
    for found, state, value in (
        (before, lattice.target, alpha[lattice.source] + scores),
        (after, lattice.source, scores + beta[lattice.target]),
    ):
        order = np.lexsort((value, state))
        found[state[order]] = order  # of repeated places the last counts, the greatest value
    after[final >= beta] = -1
    return before.tolist(), after.tolist()


def _walk(ends: npt.NDArray[np.int32], neighbour: List[int], arc: int, drawn: Lanes) -> Iterator[int]:
    """The arcs from one end of `arc` on, until a state that is drawn or an end of the path."""
    state = int(ends[arc])
    while state not in drawn.state_lane and neighbour[state] >= 0:
        yield neighbour[state]
        state = int(ends[neighbour[state]])


def _labels(lattice: ScoredPaths, arcs: Sequence[int], measures: Measures) -> List[Label]:
    """Labels in the middle of their arcs, above the line, or below where the one before is in the way, or nowhere."""
    reach = [-np.inf, -np.inf]
    labels = []
    for arc in arcs:
        width = measures.label_width[arc]
        middle = max((measures.x[lattice.source[arc]] + measures.x[lattice.target[arc]]) / 2, width / 2 + GAP / 2)
        row = next((row for row in (0, 1) if reach[row] + GAP / 2 <= middle - width / 2), None)
        if width and row is not None:
            labels.append(Label(arc, float(middle), row))
            reach[row] = middle + width / 2
    return labels


def _stretch(lattice: ScoredPaths, arcs: Sequence[int], measures: Measures) -> Tuple[float, float]:
    """From where to where a line and its labels reach."""
    half = [(label.x, measures.label_width[label.arc] / 2) for label in _labels(lattice, arcs, measures)]
    begin = min([measures.x[lattice.source[arcs[0]]], *(x - width for x, width in half)])
    end = max([measures.x[lattice.target[arcs[-1]]], *(x + width for x, width in half)])
    return float(begin), float(end)


def _free_lane(drawn: Lanes, lattice: ScoredPaths, arcs: Sequence[int], measures: Measures) -> Optional[int]:
    """The free lane nearest to where the line leaves and comes back; of two the one nearer to the best path."""
    begin, end = _stretch(lattice, arcs, measures)
    ties: Set[int] = {int(lattice.source[arcs[0]]), int(lattice.target[arcs[-1]])}
    anchors = [drawn.state_lane[state] for state in ties if state in drawn.state_lane]
    lanes = [lane for side in range(1, MAX_LANES + 1) for lane in (-side, side)]
    lanes.sort(key=lambda lane: (sum(abs(lane - anchor) for anchor in anchors), abs(lane)))
    return next((lane for lane in lanes if drawn.is_free(lane, begin, end)), None)


def _place(drawn: Lanes, lattice: ScoredPaths, arcs: List[int], lane: int, measures: Measures) -> None:
    if not arcs:
        return
    drawn.taken.setdefault(lane, []).append(_stretch(lattice, arcs, measures))
    drawn.labels += _labels(lattice, arcs, measures)
    for arc in arcs:
        drawn.lane[arc] = lane
        for state in (int(lattice.source[arc]), int(lattice.target[arc])):
            drawn.state_lane.setdefault(state, lane)
