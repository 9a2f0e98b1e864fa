"""`SaidWords`: what words add to scores, for searches that say one token after another.

Beside each place in the graph goes the history of the words that led there: the states of all automata of an
`AddedScores` after these words. Histories have numbers; those that no automaton tells apart are one.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Protocol, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.decode.added_scores import AddedScores, ScoredLabels
from fsaasr.decode.on_the_fly import HotwordsOfEach, OnTheFlyLm, added_of_each
from fsaasr.graph import Graph

Float64 = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
State = Any
"""Stands for the words so far; hashable, equal for words that are not told apart."""


class LabelScores(Protocol):
    """Something that scores output labels by those before them."""

    @property
    def start(self) -> State:
        """Before the first label."""

    def advance(self, states: Sequence[State], labels: Sequence[int]) -> Tuple[Sequence[State], Sequence[float]]:
        """Next state and score of each of M labels, none of them 0, one for each of M states."""

    def final(self, states: Sequence[State]) -> Sequence[float]:
        """Score of ending in each of M states."""


class SaidWords:
    """Histories of words, each with what the words add. History 0 is that before the first word.

    Grows with the histories that are asked for. Not for several threads at once.
    """

    def __init__(self, parts: Sequence[LabelScores], num_labels: int) -> None:
        """Args:
        parts: whose scores are added up. num_labels: labels of the graph, epsilon among them.
        """
        self._parts, self._labels = tuple(parts), num_labels
        start = tuple(part.start for part in parts)
        self._states: List[Tuple[State, ...]] = [start]
        self._numbers: Dict[Tuple[State, ...], int] = {start: 0}
        self._known: Dict[int, Tuple[int, float]] = {}
        self._ends: Dict[int, float] = {}

    @classmethod
    def of(cls, added: Optional[AddedScores]) -> Optional[SaidWords]:
        """Those of some automata over a graph's labels; None for none."""
        if added is None:
            return None
        return cls([_Automaton(part) for part in added.parts], len(added.parts[0].words))

    def __len__(self) -> int:
        """Number of histories so far."""
        return len(self._states)

    def say(self, histories: npt.ArrayLike, labels: npt.ArrayLike) -> Tuple[IntArray, Float64]:
        """The history behind each of M histories and its label, int64 (M,), and what that adds; label 0 is no word."""
        following = np.array(histories, dtype=np.int64)
        said = np.asarray(labels, dtype=np.int64)
        added = np.zeros(len(following))
        spoken = np.flatnonzero(said)
        if len(spoken):
            keys, place = np.unique(following[spoken] * self._labels + said[spoken], return_inverse=True)
            numbers, scores = self._of_keys(keys.tolist())
            following[spoken], added[spoken] = numbers[place], scores[place]
        return following, added

    def _of_keys(self, keys: List[int]) -> Tuple[IntArray, Float64]:
        asked = [key for key in keys if key not in self._known]
        if asked:
            pairs = [divmod(key, self._labels) for key in asked]
            states = [self._states[history] for history, _ in pairs]
            labels = [label for _, label in pairs]
            sides = [part.advance([state[k] for state in states], labels) for k, part in enumerate(self._parts)]
            for n, key in enumerate(asked):
                after = tuple(side[0][n] for side in sides)
                self._known[key] = (self._number(after), float(sum(side[1][n] for side in sides)))
        found = [self._known[key] for key in keys]
        return np.array([number for number, _ in found], dtype=np.int64), np.array([score for _, score in found])

    def _number(self, state: Tuple[State, ...]) -> int:
        number = self._numbers.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
        return number

    def final(self, histories: npt.ArrayLike) -> Float64:
        """float64 (M,): what ending adds after each of M histories."""
        ends, place = np.unique(np.asarray(histories, dtype=np.int64), return_inverse=True)
        asked = [end for end in ends.tolist() if end not in self._ends]
        if asked:
            states = [self._states[end] for end in asked]
            scores = [part.final([state[k] for state in states]) for k, part in enumerate(self._parts)]
            self._ends.update((end, float(sum(score[n] for score in scores))) for n, end in enumerate(asked))
        found: Float64 = np.array([self._ends[end] for end in ends.tolist()])[place.reshape(-1)]
        return found

    def along(self, labels: npt.ArrayLike) -> Tuple[Float64, float]:
        """What each label (L,) of a sentence adds, float64 (L,), and its end."""
        history, scores = np.zeros(1, dtype=np.int64), []
        for label in np.asarray(labels).tolist():
            history, added = self.say(history, [label])
            scores.append(float(added[0]))
        return np.array(scores), float(self.final(history)[0])


def said_of_each(
    graph: Graph, lm: Optional[OnTheFlyLm], hotwords: HotwordsOfEach, count: int
) -> List[Optional[SaidWords]]:
    """What words add in each of some utterances; one object for all that have the same hotwords.

    Raises:
      GrammarError, GraphError: as `added_of_each`.
    """
    each = added_of_each(graph, lm, hotwords, count)
    made = {added: SaidWords.of(added) for added in each}
    return [made[added] for added in each]


class _Automaton:
    """The `LabelScores` of an automaton with failure transitions."""

    def __init__(self, scored: ScoredLabels) -> None:
        self._automaton, self._words, self._scale = scored.automaton, scored.words, scored.scale
        self._tables = scored.automaton.tables
        self.start: int = scored.automaton.start

    def advance(self, states: Sequence[int], labels: Sequence[int]) -> Tuple[List[int], List[float]]:
        """See `LabelScores.advance`."""
        from fsaasr.grammar.ngram_kernels import steps

        automaton, words = self._automaton, self._words[np.asarray(labels)]
        at, scores = np.array(states, dtype=np.int32), np.zeros(len(words))
        if automaton.begins is not None:
            begins = automaton.begins[words]
            boundary = np.full(int(begins.sum()), automaton.boundary, dtype=np.int32)
            at[begins], scores[begins] = steps(self._tables, at[begins], boundary)
        following, added = steps(self._tables, at, words)
        totals: List[float] = (self._scale * (scores + added)).tolist()
        return following.tolist(), totals

    def final(self, states: Sequence[int]) -> List[float]:
        """See `LabelScores.final`."""
        scores: List[float] = (self._scale * self._automaton.final(states)).tolist()
        return scores
