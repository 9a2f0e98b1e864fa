"""Decision trees grown by gain in likelihood (Young, Odell, Woodland 1994)."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.graph.context_tree import ContextTree, Leaf, Node, Side, Split
from fsaasr.train.context_questions import Question
from fsaasr.train.context_statistics import ContextStatistics, Float64, IntArray, log_likelihood
from fsaasr.train.tree_config import TreeConfig

_SIDES: Tuple[Side, ...] = ("left", "right")


def grow_tree(
    statistics: ContextStatistics,
    questions: Sequence[Question],
    config: TreeConfig,
    floor: Float64,
    context_free: Sequence[str] = (),
) -> ContextTree:
    """Asks, again and again, the question that gains most, until there are as many leaves as wanted.

    All states of all tokens compete for leaves; a leaf is of one state of one token.

    Args:
      statistics: of the training data.
      questions: sets of tokens that may be asked for, of either neighbour.
      config: how many leaves, and when to stop before that.
      floor: float64 (F,), least variances.
      context_free: tokens whose states have one leaf each, as silence.

    Returns:
      The tree; a state that the data lack has one leaf.
    """
    grower = _Grower(statistics, questions, config, floor)
    roots: Dict[Tuple[int, int], _Growing] = {}
    for label, (name, states) in enumerate(zip(statistics.tokens, statistics.states), 1):
        for state in range(1, states + 1):
            own = (statistics.contexts[:, 0] == label) & (statistics.contexts[:, 1] == state)
            roots[label, state] = _Growing(np.flatnonzero(own))
            if name not in context_free:
                grower.offer(roots[label, state])
    grower.grow(config.leaves - len(roots))
    return ContextTree(
        statistics.tokens,
        tuple(
            tuple(roots[label, state].node() for state in range(1, states + 1))
            for label, states in enumerate(statistics.states, 1)
        ),
    )


@dataclass(eq=False)
class _Growing:
    """A leaf that may yet be split: the rows of the statistics that lead to it, and the answers once it is."""

    rows: IntArray
    side: Side = "left"
    question: Question = ()
    yes: Optional[_Growing] = None
    no: Optional[_Growing] = None

    def node(self) -> Node:
        """The finished tree."""
        if self.yes is None or self.no is None:
            return Leaf()
        return Split(self.side, self.question, self.yes.node(), self.no.node())


class _Grower:
    """Keeps the best question of each leaf, the most gainful leaf first."""

    def __init__(
        self, statistics: ContextStatistics, questions: Sequence[Question], config: TreeConfig, floor: Float64
    ) -> None:
        self._statistics, self._questions, self._config, self._floor = statistics, questions, config, floor
        names = ("", *statistics.tokens)
        self._members: npt.NDArray[np.bool_] = np.array([np.isin(names, question) for question in questions])
        self._heap: List[Tuple[float, int, _Growing, int, int]] = []
        self._offered = 0

    def offer(self, leaf: _Growing) -> None:
        """Puts a leaf among those that may be split, if a question divides it."""
        best = self._best_question(leaf)
        if best is not None:
            # The running number settles ties, always in the same way.
            self._offered += 1
            heapq.heappush(self._heap, (-best[0], self._offered, leaf, best[1], best[2]))

    def grow(self, count: int) -> None:
        """Splits up to `count` leaves."""
        while count > 0 and self._heap:
            _, _, leaf, side, question = heapq.heappop(self._heap)
            answers = self._members[question][self._neighbours(leaf, side)]
            leaf.side, leaf.question = _SIDES[side], self._questions[question]
            leaf.yes, leaf.no = _Growing(leaf.rows[answers]), _Growing(leaf.rows[~answers])
            self.offer(leaf.yes)
            self.offer(leaf.no)
            count -= 1

    def _neighbours(self, leaf: _Growing, side: int) -> IntArray:
        neighbours: IntArray = self._statistics.contexts[leaf.rows, 2 + side]
        return neighbours

    def _best_question(self, leaf: _Growing) -> Optional[Tuple[float, int, int]]:
        """Gain, side and number of the best question; None where none may be asked."""
        moments = self._statistics.moments[leaf.rows]
        total = moments.sum(axis=0)
        before = float(log_likelihood(total, self._floor))
        best: Optional[Tuple[float, int, int]] = None
        for side in range(len(_SIDES)):
            by_neighbour = np.zeros((self._members.shape[1], moments.shape[1]))
            np.add.at(by_neighbour, self._neighbours(leaf, side), moments)
            yes = self._members @ by_neighbour
            no = total - yes
            gain = log_likelihood(yes, self._floor) + log_likelihood(no, self._floor) - before
            gain[np.minimum(yes[:, 0], no[:, 0]) < self._config.min_frames] = -np.inf
            question = int(np.argmax(gain))
            if gain[question] > max(self._config.min_gain, best[0] if best else 0.0):
                best = (float(gain[question]), side, question)
        return best
