"""Cycles of negative cost, over which no string has a least cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Tuple

if TYPE_CHECKING:
    import pynini

_ROUNDING = 1e-6


def has_negative_cycle(fst: pynini.Fst, epsilons_only: bool = False) -> bool:
    """Whether some cycle (of epsilons, if so asked) has negative cost; Bellman and Ford, O(S A) at worst."""
    arcs: List[Tuple[int, int, float]] = [
        (state, arc.nextstate, float(arc.weight))
        for state in fst.states()
        for arc in fst.arcs(state)
        if not (epsilons_only and arc.ilabel)
    ]
    if all(cost >= 0 for _, _, cost in arcs):
        return False
    distance = [0.0] * fst.num_states()
    for _ in range(fst.num_states()):
        changed = False
        for source, target, cost in arcs:
            if distance[source] + cost < distance[target] - _ROUNDING:
                distance[target] = distance[source] + cost
                changed = True
        if not changed:
            return False
    return True
