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
from fsaasr.decode.said_words import SaidWords
from fsaasr.decode.search_tables import check_searchable
from fsaasr.graph import TokenGraph
from fsaasr.graph.epsilon import epsilon_rank

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]

COMBINE = ("max", "sum")

Key = Tuple[int, int]
"""A state of the graph, and the history of the words on the way there (0 where words add nothing)."""


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
      places: what is known of each state and history, epsilons at the end not taken.
      closed: the same with all states that input epsilons lead to.
      score: log score of all of them, by maximum or sum; -inf where there are none.
    """

    places: Dict[Key, Place]
    closed: Dict[Key, Place]
    score: float

    def __len__(self) -> int:
        """Number of states, each with its history."""
        return len(self.places)


class _Step(NamedTuple):
    """An arc behind a history: its score with what its word adds, and where it leads."""

    arc: int
    score: float
    target: Key


@dataclass(frozen=True, eq=False)
class _Arcs:
    """The token arcs of a state: its tokens, rising, with the combined score of each; steps of each token."""

    tokens: Int32
    scores: Float64
    of_token: Dict[int, Tuple[_Step, ...]]


class GraphConstraint:
    """Steps through a graph token by token. Not for several threads at once: it keeps what it has looked up."""

    def __init__(
        self, graph: TokenGraph, combine: str = "max", beam: float = math.inf, said: Optional[SaidWords] = None
    ) -> None:
        """Args:
          graph: lexicon and grammar; its topology does not matter.
          combine: `max` scores a token sequence by its best path, as lattices do; `sum` by all of its paths: all
            pronunciations, homophones and back-offs that share it.
          beam: states that lag further than this behind the best of a set are dropped.
          said: what the graph's words add to its scores; None for nothing.

        Raises:
          ConfigError: another `combine`, or a beam that is not > 0.
          GraphError: a malformed graph, one without final state, or with a cycle of input epsilons.
        """
        if combine not in COMBINE or not beam > 0:
            raise ConfigError(f"GraphConstraint: combine {combine!r}, beam {beam}; expected max or sum, and > 0")
        check_searchable(graph)
        self.graph, self.combine, self.beam, self.said = graph, combine, beam, said
        self.num_tokens = len(graph.tokens) - 1
        self._add = max if combine == "max" else _log_sum
        self._rank = epsilon_rank(graph.fst)
        self._closures: Dict[Key, List[Tuple[Key, Place]]] = {}
        self._arcs: Dict[Key, _Arcs] = {}

    @cached_property
    def start(self) -> GraphStates:
        """Before the first token."""
        return self._states({(self.graph.fst.start, 0): Place(0.0, 0.0, None)})

    def advance(self, at: GraphStates, token: int) -> GraphStates:
        """One more token (1 .. V): empty where no path of the graph says it."""
        places: Dict[Key, Place] = {}
        for key, (score, best, trace) in at.closed.items():
            for arc, added, target in self._arcs_of(key).of_token.get(token, ()):
                self._put(places, target, Place(score + added, best + added, Trace(trace, (arc,))))
        return self._states(places)

    def scores(self, at: GraphStates) -> Float64:
        """float64 (1 + V,): score of the tokens so far and each next one; column 0 is the score of ending here.

        -inf where the graph has no path; so `scores(at)[t] == advance(at, t).score`, but for what the beam drops.
        """
        scores = np.full(1 + self.num_tokens, -np.inf)
        for key, place in at.closed.items():
            arcs = self._arcs_of(key)
            here = scores[arcs.tokens]
            added = place.score + arcs.scores
            scores[arcs.tokens] = np.maximum(here, added) if self.combine == "max" else np.logaddexp(here, added)
        scores[0] = self.final_score(at)
        return scores

    def final_score(self, at: GraphStates) -> float:
        """Log score of the tokens as a whole sentence; -inf where the graph does not end."""
        total = -math.inf
        for key, place in at.closed.items():
            total = self._add(total, place.score + self._final(key))
        return total

    def _final(self, key: Key) -> float:
        """Score of ending in a state behind a history."""
        state, history = key
        final = float(self.graph.fst.final_score[state])
        return final if self.said is None or final == -math.inf else final + float(self.said.final([history])[0])

    def ends(self, at: GraphStates) -> List[Tuple[float, Int32]]:
        """Score and arcs int32 (L,) of the best path to each final state, best first; empty where none is final.

        Where words add to scores, to each final state behind each history.
        """
        found = []
        for key, place in at.closed.items():
            final = self._final(key)
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

    def _put(self, places: Dict[Key, Place], key: Key, place: Place) -> None:
        there = places.get(key)
        if there is not None:
            better = place if place.best > there.best else there
            place = Place(self._add(there.score, place.score), better.best, better.trace)
        if place.best > -math.inf:
            places[key] = place

    def _states(self, places: Dict[Key, Place]) -> GraphStates:
        """The places within the beam, and where epsilons lead from there."""
        cutoff = max((place.score for place in places.values()), default=-math.inf) - self.beam
        kept = {key: place for key, place in places.items() if place.score >= cutoff}
        closed: Dict[Key, Place] = {}
        for key, place in kept.items():
            for target, (score, best, way) in self._closure(key):
                trace = place.trace if way is None else Trace(place.trace, tuple(arcs_of(way).tolist()))
                self._put(closed, target, Place(place.score + score, place.best + best, trace))
        total = -math.inf
        for place in kept.values():
            total = self._add(total, place.score)
        return GraphStates(kept, closed, total)

    def _closure(self, key: Key) -> List[Tuple[Key, Place]]:
        """The states that input epsilons lead to from `key`, itself among them, with the way there."""
        if key not in self._closures:
            reached: Dict[Key, Place] = {key: Place(0.0, 0.0, None)}
            done = []
            while reached:
                # Lowest rank first: all ways to it are known.
                here = min(reached, key=lambda key: self._rank[key[0]])
                done.append((here, reached.pop(here)))
                score, best, trace = done[-1][1]
                for arc in self._range(here[0]):
                    if self.graph.fst.input_label[arc] == 0:
                        _, added, target = self._step(arc, here[1])
                        self._put(reached, target, Place(score + added, best + added, Trace(trace, (arc,))))
            self._closures[key] = done
        return self._closures[key]

    def _arcs_of(self, key: Key) -> _Arcs:
        if key not in self._arcs:
            of_token: Dict[int, Tuple[_Step, ...]] = {}
            for arc in self._range(key[0]):
                token = int(self.graph.fst.input_label[arc])
                if token:
                    of_token[token] = (*of_token.get(token, ()), self._step(arc, key[1]))
            tokens = np.array(sorted(of_token), dtype=np.int32)
            scores = np.full(len(tokens), -np.inf)
            for place, token in enumerate(tokens.tolist()):
                for step in of_token[token]:
                    scores[place] = self._add(float(scores[place]), step.score)
            self._arcs[key] = _Arcs(tokens, scores, of_token)
        return self._arcs[key]

    def _step(self, arc: int, history: int) -> _Step:
        fst = self.graph.fst
        score, label = float(fst.score[arc]), int(fst.output_label[arc])
        if self.said is not None and label:
            (history,), (added,) = (values.tolist() for values in self.said.say([history], [label]))
            score += added
        return _Step(arc, score, (int(fst.next_state[arc]), history))

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
