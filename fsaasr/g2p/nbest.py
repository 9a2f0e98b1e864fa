"""Exact n-best search for distinct outputs in an acyclic lattice."""

from __future__ import annotations

import heapq
import math
from typing import Dict, List, Mapping, NamedTuple, Sequence, Set, Tuple

Tokens = Tuple[str, ...]
Units = Tuple[int, ...]
Way = Tuple[int, int, Tokens, float]


class Path(NamedTuple):
    """What is said, the units that say it, and their score."""

    tokens: Tokens
    units: Units
    score: float


def best_paths(
    ways: Mapping[int, Sequence[Way]], final: Sequence[float], rest: Sequence[float], count: int
) -> List[Path]:
    """The best distinct outputs of paths from state 0, each with its best path; empty ones left out.

    A* with the exact best score of what is left as its estimate; of two ways to the same state with the same output,
    the worse is dropped.

    Args:
      ways: from each state, (next state, unit, output, score).
      final: score of ending in each state, -inf for none.
      rest: best score of what is left from each state on.
      count: how many at most.
    """
    found: Dict[Tokens, Path] = {}
    seen: Set[Tuple[int, Tokens]] = set()
    # Scores are negated, as the heap gives the smallest first; state -1 is the end.
    heap: List[Tuple[float, int, Tokens, Units, float]] = []
    if rest[0] > -math.inf:
        heap.append((-rest[0], 0, (), (), 0.0))
    while heap and len(found) < count:
        _, state, output, units, score = heapq.heappop(heap)
        if (state, output) in seen:
            continue
        seen.add((state, output))
        if state < 0:
            if output:
                found[output] = Path(output, units, score)
            continue
        if final[state] > -math.inf:
            heapq.heappush(heap, (-(score + final[state]), -1, output, units, score + final[state]))
        for target, unit, said, own in ways.get(state, ()):
            after = score + own
            heapq.heappush(heap, (-(after + rest[target]), target, (*output, *said), (*units, unit), after))
    return list(found.values())
