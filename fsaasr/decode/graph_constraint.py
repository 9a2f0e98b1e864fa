"""`GraphConstraint`: where the tokens said so far can be in a graph, for searches that say one token after another.

An attention decoder or a transducer says tokens, not frames. Beside each hypothesis goes the set of states of a
`TokenGraph` (lexicon and grammar composed) that its tokens lead to, so that only words of the lexicon appear, the
grammar's scores join in, and a hypothesis may end only where the graph does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import ConfigError
from fsaasr.decode.search_tables import check_searchable
from fsaasr.graph import TokenGraph
from fsaasr.graph.epsilon import epsilon_rank

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]

COMBINE = ("max", "sum")


class Trace(NamedTuple):
    """The arcs behind a state, from the last one backwards."""

    before: Optional[Trace]
    arcs: Tuple[int, ...]


class Place(NamedTuple):
    """One state that the tokens lead to.

    Attributes:
      score: log score of all paths to it, by maximum or sum.
      best: log score of the best one. trace: its arcs.
    """

    score: float
    best: float
    trace: Optional[Trace]


@dataclass(frozen=True, eq=False)
class GraphStates:
    """The states that a token sequence leads to; none where the graph does not accept its beginning.

    Attributes:
      places: what is known of each state, epsilons at the end not taken.
      closed: the same with all states that input epsilons lead to.
      score: log score of all of them, by maximum or sum; -inf where there are none.
    """

    places: Dict[int, Place]
    closed: Dict[int, Place]
    score: float

    def __len__(self) -> int:
        """Number of states."""
        return len(self.places)


@dataclass(frozen=True, eq=False)
class _Arcs:
    """The token arcs of a state: its tokens, rising, with the combined score of each; arcs of each token."""

    tokens: Int32
    scores: Float64
    of_token: Dict[int, Tuple[int, ...]]


class GraphConstraint:
    """Steps through a graph token by token. Not for several threads at once: it keeps what it has looked up."""

    def __init__(self, graph: TokenGraph, combine: str = "max", beam: float = math.inf) -> None:
        """Args:
          graph: lexicon and grammar; its topology does not matter.
          combine: `max` scores a token sequence by its best path, as lattices do; `sum` by all of its paths: all
            pronunciations, homophones and back-offs that share it.
          beam: states that lag further than this behind the best of a set are dropped.

        Raises:
          ConfigError: another `combine`, or a beam that is not > 0.
          GraphError: a malformed graph, one without final state, or with a cycle of input epsilons.
        """
        if combine not in COMBINE or not beam > 0:
            raise ConfigError(f"GraphConstraint: combine {combine!r}, beam {beam}; expected max or sum, and > 0")
        check_searchable(graph)
        self.graph, self.combine, self.beam = graph, combine, beam
        self.num_tokens = len(graph.tokens) - 1
        self._add = max if combine == "max" else _log_sum
        self._rank = epsilon_rank(graph.fst)
        self._closures: Dict[int, List[Tuple[int, Place]]] = {}
        self._arcs: Dict[int, _Arcs] = {}

    @cached_property
    def start(self) -> GraphStates:
        """Before the first token."""
        return self._states({self.graph.fst.start: Place(0.0, 0.0, None)})

    def advance(self, at: GraphStates, token: int) -> GraphStates:
        """One more token (1 .. V): empty where no path of the graph says it."""
        fst = self.graph.fst
        places: Dict[int, Place] = {}
        for state, (score, best, trace) in at.closed.items():
            for arc in self._arcs_of(state).of_token.get(token, ()):
                added = float(fst.score[arc])
                place = Place(score + added, best + added, Trace(trace, (arc,)))
                self._put(places, int(fst.next_state[arc]), place)
        return self._states(places)

    def scores(self, at: GraphStates) -> Float64:
        """float64 (1 + V,): score of the tokens so far and each next one; column 0 is the score of ending here.

        -inf where the graph has no path; so `scores(at)[t] == advance(at, t).score`, but for what the beam drops.
        """
        scores = np.full(1 + self.num_tokens, -np.inf)
        for state, place in at.closed.items():
            arcs = self._arcs_of(state)
            here = scores[arcs.tokens]
            added = place.score + arcs.scores
            scores[arcs.tokens] = np.maximum(here, added) if self.combine == "max" else np.logaddexp(here, added)
        scores[0] = self.final_score(at)
        return scores

    def final_score(self, at: GraphStates) -> float:
        """Log score of the tokens as a whole sentence; -inf where the graph does not end."""
        total = -math.inf
        for state, place in at.closed.items():
            total = self._add(total, place.score + float(self.graph.fst.final_score[state]))
        return total

    def ends(self, at: GraphStates) -> List[Tuple[float, Int32]]:
        """Score and arcs int32 (L,) of the best path to each final state, best first; empty where none is final."""
        found = []
        for state, place in at.closed.items():
            final = float(self.graph.fst.final_score[state])
            if final > -math.inf:
                found.append((place.best + final, arcs_of(place.trace)))
        return sorted(found, key=lambda end: -end[0])

    def best_so_far(self, at: GraphStates) -> Tuple[float, Int32]:
        """Score and arcs of the best path of `at` (not empty), final or not."""
        place = max(at.places.values(), key=lambda place: place.best)
        return place.best, arcs_of(place.trace)

    def words(self, arcs: Int32) -> List[str]:
        """The words along some arcs."""
        labels = self.graph.fst.output_label[arcs]
        return list(self.graph.words.names_of(labels[labels > 0].tolist()))

    def _put(self, places: Dict[int, Place], state: int, place: Place) -> None:
        there = places.get(state)
        if there is not None:
            better = place if place.best > there.best else there
            place = Place(self._add(there.score, place.score), better.best, better.trace)
        if place.best > -math.inf:
            places[state] = place

    def _states(self, places: Dict[int, Place]) -> GraphStates:
        """The places within the beam, and where epsilons lead from there."""
        cutoff = max((place.score for place in places.values()), default=-math.inf) - self.beam
        kept = {state: place for state, place in places.items() if place.score >= cutoff}
        closed: Dict[int, Place] = {}
        for state, place in kept.items():
            for target, (score, best, way) in self._closure(state):
                trace = place.trace if way is None else Trace(place.trace, tuple(arcs_of(way).tolist()))
                self._put(closed, target, Place(place.score + score, place.best + best, trace))
        total = -math.inf
        for place in kept.values():
            total = self._add(total, place.score)
        return GraphStates(kept, closed, total)

    def _closure(self, state: int) -> List[Tuple[int, Place]]:
        """The states that input epsilons lead to from `state`, itself among them, with the way there."""
        if state not in self._closures:
            reached: Dict[int, Place] = {state: Place(0.0, 0.0, None)}
            done = []
            while reached:
                # Lowest rank first: all ways to it are known.
                here = min(reached, key=lambda state: self._rank[state])
                done.append((here, reached.pop(here)))
                for arc in self._range(here):
                    if self.graph.fst.input_label[arc] == 0:
                        added = float(self.graph.fst.score[arc])
                        score, best, trace = done[-1][1]
                        place = Place(score + added, best + added, Trace(trace, (arc,)))
                        self._put(reached, int(self.graph.fst.next_state[arc]), place)
            self._closures[state] = done
        return self._closures[state]

    def _arcs_of(self, state: int) -> _Arcs:
        if state not in self._arcs:
            fst = self.graph.fst
            of_token: Dict[int, Tuple[int, ...]] = {}
            for arc in self._range(state):
                token = int(fst.input_label[arc])
                if token:
                    of_token[token] = (*of_token.get(token, ()), arc)
            tokens = np.array(sorted(of_token), dtype=np.int32)
            scores = np.full(len(tokens), -np.inf)
            for place, token in enumerate(tokens.tolist()):
                for arc in of_token[token]:
                    scores[place] = self._add(float(scores[place]), float(fst.score[arc]))
            self._arcs[state] = _Arcs(tokens, scores, of_token)
        return self._arcs[state]

    def _range(self, state: int) -> range:
        offsets = self.graph.fst.arc_offsets
        return range(int(offsets[state]), int(offsets[state + 1]))


def arcs_of(trace: Optional[Trace]) -> Int32:
    """int32 (L,): the arcs of a trace in their order."""
    arcs: List[int] = []
    while trace is not None:
        arcs.extend(reversed(trace.arcs))
        trace = trace.before
    return np.array(arcs[::-1], dtype=np.int32)


def _log_sum(one: float, other: float) -> float:
    if one == -math.inf:
        return other
    return max(one, other) + math.log1p(math.exp(-abs(one - other))) if other > -math.inf else one
