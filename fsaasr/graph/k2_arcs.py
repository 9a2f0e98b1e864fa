"""k2's arcs, with any number of words each, as a transducer with one word at most on each arc."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fsaasr.graph.epsilon import ranges
from fsaasr.graph.fst_arrays import FstArrays

Ints = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Chains:
    """Arcs that stand for others: each of those is a chain of arcs, through states of its own.

    Attributes:
      arc: int (A',): which arc each stands for. is_first: bool (A',): whether it is the first of its chain.
      source, target: int (A',).
      num_states: with those that were added.
    """

    arc: Ints
    is_first: npt.NDArray[np.bool_]
    source: Ints
    target: Ints
    num_states: int


def chains(source: Ints, target: Ints, length: Ints, num_states: int) -> Chains:
    """Chains of `length` (A,) arcs for each arc, none where that is 0; states are added after the `num_states`."""
    arc = np.repeat(np.arange(len(source)), length)
    is_first = np.diff(arc, prepend=-1) != 0
    is_last = np.diff(arc, append=len(source)) != 0
    between = num_states - 1 + np.cumsum(~is_last)
    before = np.concatenate([[0], between])[: len(arc)]
    return Chains(
        arc,
        is_first,
        np.where(is_first, source[arc], before),
        np.where(is_last, target[arc], between),
        num_states + int((~is_last).sum()),
    )


@dataclass(frozen=True, eq=False)
class K2Arcs:
    """The arcs of one k2 FSA, as its tensors have them.

    Attributes:
      rows: int32 (A, 3): source, target, label; label -1 leads to the last state.
      score: float32 (A,), log.
      word_offsets: int (A + 1,). words: int: those of arc k are `words[word_offsets[k] : word_offsets[k + 1]]`;
        0 and -1 are none.
      num_states: S; state S - 1 is the end.
    """

    rows: npt.NDArray[np.int32]
    score: npt.NDArray[np.float32]
    word_offsets: npt.NDArray[Any]
    words: npt.NDArray[Any]
    num_states: int

    def to_fst(self) -> FstArrays:
        """As a transducer whose labels are k2's plus one.

        An arc with several words becomes a chain of arcs through states of its own. The first end without words of
        each state is its final score; other ends are epsilons to the last state.
        """
        source, target, label = self.rows.T
        has_word = self.words > 0
        words = self.words[has_word]
        offsets = np.concatenate([[0], np.cumsum(has_word)])[self.word_offsets]
        count = np.diff(offsets)
        is_final, final_score = self._finals(count)
        chain = chains(source, target, np.where(is_final, 0, np.maximum(count, 1)), self.num_states)
        arc, is_first = chain.arc, chain.is_first
        word = np.zeros(len(arc), dtype=np.int64)
        word[count[arc] > 0] = words[ranges(offsets[:-1][~is_final], offsets[1:][~is_final])]
        return FstArrays.from_columns(
            chain.source,
            chain.target,
            np.where(is_first, label[arc] + 1, 0),
            word,
            np.where(is_first, self.score[arc], np.float32(0)),
            np.concatenate([final_score, np.full(chain.num_states - self.num_states, -np.inf, dtype=np.float32)]),
        )

    def _finals(self, count: npt.NDArray[Any]) -> Any:
        """bool (A,): which arcs become final scores; float32 (S,): those."""
        source, _, label = self.rows.T
        plain = np.flatnonzero((label == -1) & (count == 0))
        states, first = np.unique(source[plain], return_index=True)
        final_score = np.full(self.num_states, -np.inf, dtype=np.float32)
        final_score[states] = self.score[plain[first]]
        final_score[-1] = 0.0
        is_final = np.zeros(len(source), dtype=bool)
        is_final[plain[first]] = True
        return is_final, final_score
