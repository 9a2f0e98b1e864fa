"""`AddedScores`: automata over a graph's output labels, whose scores a search adds while it goes through the graph.

The product of graph and automata is never built: each token of the search has the states of up to three automata beside
its graph state, packed into one number, its history. Tokens meet where graph state and history agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import DecodeError
from fsaasr.decode.search_records import BEGINS, Part, Said
from fsaasr.decode.search_tables import frozen
from fsaasr.grammar.failure_automaton import FailureAutomaton

MAX_PARTS = 3
"""Automata of a search, at most."""
_HISTORY_BITS = 62

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class ScoredLabels:
    """An automaton as a graph's output labels step through it.

    Attributes:
      automaton: what is stepped through.
      words: int32 (L,): the automaton's word of each output label; that of label 0 is not asked.
      scale: of its scores, not 0; below 0 it takes them away.
    """

    automaton: FailureAutomaton
    words: Int32
    scale: float = 1.0

    def most(self) -> Float32:
        """float32 (L,): what each label adds at most, in any state."""
        by_word = self._bound()
        most = by_word[self.words]
        if self._begins is not None:
            most = most + np.where(self._begins, max(0.0, float(by_word[self.automaton.boundary])), 0.0)
        return most.astype(np.float32)

    def most_at_end(self) -> float:
        """What the end adds at most."""
        by_word, automaton = self._bound(), self.automaton
        before = max(0.0, float(by_word[automaton.boundary])) if automaton.boundary >= 0 else 0.0
        return before + float(by_word[automaton.end])

    @property
    def _begins(self) -> Optional[npt.NDArray[np.bool_]]:
        begins = self.automaton.begins
        return None if begins is None else begins[self.words]

    def _bound(self) -> Float32:
        limit = self.automaton.greatest() if self.scale > 0 else self.automaton.least()
        bound: Float32 = np.float32(self.scale) * limit
        return bound

    def part(self, shift: int) -> Part:
        """What kernels read; its state has the bits of a history from `shift` on."""
        words = self.words if self._begins is None else self.words | np.where(self._begins, BEGINS, 0)
        mask = (1 << self.bits) - 1
        automaton = self.automaton
        ends = automaton.boundary, automaton.end
        return Part(automaton.tables, frozen(words.astype(np.int32)), float(self.scale), shift, mask, *ends)

    @property
    def bits(self) -> int:
        """Bits that hold each state."""
        return max(1, (len(self.automaton) - 1).bit_length())


class AddedScores:
    """The sum of several automata's scores."""

    def __init__(self, parts: Sequence[ScoredLabels]) -> None:
        """Args:
          parts: one to three, over the same labels.

        Raises:
          DecodeError: none, too many, or so large that a history cannot hold their states.
        """
        bits = [part.bits for part in parts]
        if not 1 <= len(parts) <= MAX_PARTS or sum(bits) > _HISTORY_BITS:
            raise DecodeError(
                f"AddedScores: {len(parts)} automata whose states need {sum(bits)} bits; expected 1 to {MAX_PARTS} and "
                f"at most {_HISTORY_BITS} bits; prune the language model, or rescore lattices with it"
            )
        self.parts = tuple(parts)
        shifts = [sum(bits[:k]) for k in range(len(bits))]
        self._records: List[Part] = [part.part(shift) for part, shift in zip(parts, shifts)]
        self.start = sum(part.automaton.start << shift for part, shift in zip(parts, shifts))
        self.most: Float32 = np.sum([part.most() for part in parts], axis=0, dtype=np.float32)
        self.most_at_end = sum(part.most_at_end() for part in parts)

    def said(self, slack: npt.NDArray[np.uint8]) -> Said:
        """What kernels read."""
        records = [*self._records, *[_NO_PART] * (MAX_PARTS - len(self._records))]
        return Said(tuple(records), frozen(slack))


def _no_part() -> Part:
    row, none = np.zeros(1, np.int64), np.zeros(1, np.int32)
    zero = np.zeros(1, np.float32)
    tables = tuple(map(frozen, (row, row + 1, none, zero, none, zero, none)))
    return Part(tables, frozen(none), 0.0, 0, 0, 0, 0)


_NO_PART = _no_part()
