"""Why a transducer cannot be determinized: two paths that read the same and drift apart for ever.

The twins property (Mohri 1997; Choffrut 1977 for strings): if two states are reached by the same input
and both loop on the same further input, the two loops must not change the difference of their weights,
nor that of their outputs.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass
from typing import Deque, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from fsaasr.graph.fst_arrays import FstArrays

Pair = Tuple[int, int]
Delay = Tuple[float, Tuple[int, ...], Tuple[int, ...]]
"""Weight difference, and what each side has output beyond their common prefix."""

_TOLERANCE = 1e-4
_FINAL = -1


@dataclass(frozen=True)
class Twins:
    """Two paths with the same input.

    Attributes:
      inputs: labels that both paths read.
      outputs: what each has output beyond their common prefix.
      problem: `ambiguous` (both paths are complete and differ in output) or `drift` (a loop that both
        can take changes their difference).
    """

    inputs: Tuple[int, ...]
    outputs: Tuple[Tuple[int, ...], Tuple[int, ...]]
    problem: str


@dataclass(frozen=True)
class TwinSearch:
    """What a search for twins found.

    Attributes:
      twins: a short witness against determinizability, or None.
      complete: all pairs were visited, so that None is a proof.
      width: largest number of states that one input can reach together with some state; determinization
        makes at most `2 ** (width - 1)` new states of it.
    """

    twins: Optional[Twins]
    complete: bool
    width: int


def find_twins(fst: FstArrays, max_pairs: int = 200_000) -> TwinSearch:
    """Looks for a short witness against determinizability.

    Pairs of states that the same input reaches are visited breadth first, at most `max_pairs` of them.

    Args:
      fst: transducer without useless states; epsilon counts as a symbol.
    """
    search = _PairSearch(_Arcs.of(fst), max_pairs, (fst.start, fst.start), (0.0, (), ()))
    twins = _first_twins(search)
    together = Counter(p for p, _ in search.delays)
    return TwinSearch(twins, not search.queue, max(together.values()))


def _first_twins(search: _PairSearch) -> Optional[Twins]:
    for pair, label, target, delay in search:
        inputs = tuple(search.inputs(pair)) + ((label,) if label != _FINAL else ())
        if target[0] == target[1] or label == _FINAL:
            return Twins(inputs, delay[1:], "ambiguous")
        if _drifts(search.arcs, target, search.delays[target]):
            return Twins(inputs, delay[1:], "drift")
    return None


def _drifts(arcs: _Arcs, origin: Pair, delay: Delay) -> bool:
    """Whether a loop through `origin` changes the delay."""
    local = _PairSearch(arcs, 20_000, origin, delay)
    clashes = [(pair, target) for pair, _, target, _ in local if target[0] != target[1]]
    looping = local.leading_to(origin)
    return any(pair in looping and target in looping for pair, target in clashes)


class _Arcs(NamedTuple):
    """The transducer's arrays as lists, whose items Python reads ten times as fast."""

    offsets: List[int]
    label: List[int]
    output: List[int]
    target: List[int]
    score: List[float]
    final: List[bool]

    @classmethod
    def of(cls, fst: FstArrays) -> _Arcs:
        return cls(
            fst.arc_offsets.tolist(),
            fst.input_label.tolist(),
            fst.output_label.tolist(),
            fst.next_state.tolist(),
            fst.score.tolist(),
            (fst.final_score > -math.inf).tolist(),
        )

    def together(self, pair: Pair) -> Iterator[Tuple[int, int]]:
        """Arcs of both states that read the same; a state of many arcs is passed once."""
        p, q = pair
        alike: Dict[int, List[int]] = {}
        for b in range(self.offsets[q], self.offsets[q + 1]):
            alike.setdefault(self.label[b], []).append(b)
        for a in range(self.offsets[p], self.offsets[p + 1]):
            for b in alike.get(self.label[a], ()):
                yield a, b

    def after(self, delay: Delay, a: int, b: int) -> Delay:
        """The delay behind two arcs."""
        left, right = _after(delay[1], self.output[a]), _after(delay[2], self.output[b])
        return (delay[0] + self.score[a] - self.score[b], *_strip(left, right))


class _PairSearch:
    """Breadth-first visit; iterating gives each arc that clashes with a known delay, and each ambiguous end."""

    def __init__(self, arcs: _Arcs, max_pairs: int, origin: Pair, delay: Delay) -> None:
        self.arcs, self.max_pairs = arcs, max_pairs
        self.delays: Dict[Pair, Delay] = {origin: delay}
        self.parents: Dict[Pair, Tuple[Pair, int]] = {}
        self.into: Dict[Pair, List[Pair]] = {}
        self.queue: Deque[Pair] = deque([origin])

    def __iter__(self) -> Iterator[Tuple[Pair, int, Pair, Delay]]:
        arcs, final = self.arcs, self.arcs.final
        while self.queue and len(self.delays) < self.max_pairs:
            pair = self.queue.popleft()
            delay = self.delays[pair]
            if pair[0] != pair[1] and final[pair[0]] and final[pair[1]] and delay[1] != delay[2]:
                yield pair, _FINAL, pair, delay
            for a, b in arcs.together(pair):
                if len(self.delays) >= self.max_pairs:
                    return
                label, target, after = arcs.label[a], (arcs.target[a], arcs.target[b]), arcs.after(delay, a, b)
                self.into.setdefault(target, []).append(pair)
                if target[0] == target[1]:
                    if after[1] != after[2]:
                        yield pair, label, target, after
                    after = (0.0, (), ())
                if target not in self.delays:
                    self.delays[target] = after
                    self.parents[target] = (pair, label)
                    self.queue.append(target)
                elif not _same(self.delays[target], after):
                    yield pair, label, target, after

    def inputs(self, pair: Pair) -> List[int]:
        """Labels on the way from the origin to `pair`."""
        labels = []
        while pair in self.parents:
            pair, label = self.parents[pair]
            labels.append(label)
        return labels[::-1]

    def leading_to(self, origin: Pair) -> Set[Pair]:
        """Visited pairs from which `origin` can be reached."""
        seen, stack = {origin}, [origin]
        while stack:
            for before in self.into.get(stack.pop(), ()):
                if before not in seen:
                    seen.add(before)
                    stack.append(before)
        return seen


def _after(output: Tuple[int, ...], label: int) -> Tuple[int, ...]:
    return (*output, label) if label else output


def _strip(left: Tuple[int, ...], right: Tuple[int, ...]) -> Tuple[Tuple[int, ...], Tuple[int, ...]]:
    common = 0
    while common < min(len(left), len(right)) and left[common] == right[common]:
        common += 1
    return left[common:], right[common:]


def _same(one: Delay, other: Delay) -> bool:
    return one[1:] == other[1:] and abs(one[0] - other[0]) <= _TOLERANCE
