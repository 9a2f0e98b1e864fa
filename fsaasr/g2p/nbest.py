"""Exact n-best search for distinct outputs in an acyclic lattice."""

from __future__ import annotations

import heapq
import math
from typing import Dict, List, Mapping, Sequence, Set, Tuple

Tokens = Tuple[str, ...]
Way = Tuple[int, Tokens, float]


def best_paths(
    ways: Mapping[int, Sequence[Way]], final: Sequence[float], order: Sequence[int], count: int
) -> List[Tuple[Tokens, float]]:
    """The best distinct outputs of paths from state 0, each with the score of its best path; empty ones left out.

    A* with the exact best score of what is left as its estimate; of two ways to the same state with the same output,
    the worse is dropped.

    Args:
      ways: from each state, (next state, output, score).
      final: score of ending in each state, -inf for none.
      order: the states, each before those that it leads to.
      count: how many at most.
    """
    rest = list(final)
    for state in reversed(order):
        for target, _, score in ways.get(state, ()):
            rest[state] = max(rest[state], score + rest[target])
    found: Dict[Tokens, float] = {}
    seen: Set[Tuple[int, Tokens]] = set()
    # Scores are negated, as the heap gives the smallest first; state -1 is the end.
    heap: List[Tuple[float, int, Tokens, float]] = [(-rest[0], 0, (), 0.0)] if rest[0] > -math.inf else []
    while heap and len(found) < count:
        _, state, output, score = heapq.heappop(heap)
        if (state, output) in seen:
            continue
        seen.add((state, output))
        if state < 0:
            if output:
                found[output] = score
            continue
        if final[state] > -math.inf:
            heapq.heappush(heap, (-(score + final[state]), -1, output, score + final[state]))
        for target, said, own in ways.get(state, ()):
            if rest[target] > -math.inf:
                after = score + own
                heapq.heappush(heap, (-(after + rest[target]), target, (*output, *said), after))
    return list(found.items())
