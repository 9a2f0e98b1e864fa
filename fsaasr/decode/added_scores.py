"""`AddedScores`: automata over a graph's output labels, whose scores a search adds while it goes through the graph.

The product of graph and automata is never built: each token of the search has the states of up to three automata beside
its graph state, packed into one number, its history. Tokens meet where graph state and history agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import DecodeError
from fsaasr.decode.search_records import BEGINS, PART, PART_ARRAYS, Said
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
    def opens(self) -> npt.NDArray[np.bool_]:
        """bool (L,): whether each label may add anything, or lead on, in the automaton's state 0."""
        automaton = self.automaton
        by_word = (automaton.score[: len(automaton.words)] != 0) | (automaton.next_state[: len(automaton.words)] != 0)
        opens: npt.NDArray[np.bool_] = by_word[self.words]
        return opens if self._begins is None else opens | self._begins

    @property
    def _begins(self) -> Optional[npt.NDArray[np.bool_]]:
        begins = self.automaton.begins
        return None if begins is None else begins[self.words]

    def _bound(self) -> Float32:
        limit = self.automaton.greatest() if self.scale > 0 else self.automaton.least()
        bound: Float32 = np.float32(self.scale) * limit
        return bound

    def arrays(self) -> Tuple[npt.NDArray[Any], ...]:
        """What `PART_ARRAYS` says."""
        words = self.words if self._begins is None else self.words | np.where(self._begins, BEGINS, 0)
        found = (*self.automaton.tables, words)
        return tuple(np.ascontiguousarray(array, dtype=kind) for array, (_, kind) in zip(found, PART_ARRAYS))

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
        self._shifts = [sum(bits[:k]) for k in range(len(bits))]
        self._arrays = [part.arrays() for part in parts]
        self.start = sum(part.automaton.start << shift for part, shift in zip(parts, self._shifts))
        self.most: Float32 = np.sum([part.most() for part in parts], axis=0, dtype=np.float32)
        self.most_at_end = sum(part.most_at_end() for part in parts)

    @property
    def opens(self) -> npt.NDArray[np.bool_]:
        """bool (L,): whether each label adds anything to, or changes, a history that is 0."""
        opens: npt.NDArray[np.bool_] = np.any([part.opens for part in self.parts], axis=0)
        return opens

    def said(self, slack: npt.NDArray[np.uint8], reach: Float32) -> Said:
        """What kernels read; holds for as long as this object lives."""
        records = np.zeros(len(self.parts), PART)
        for k, (part, arrays, shift) in enumerate(zip(self.parts, self._arrays, self._shifts)):
            addresses = (array.ctypes.data for array in arrays)
            ends = part.automaton.boundary, part.automaton.end
            records[k] = (*addresses, float(part.scale), shift, (1 << part.bits) - 1, *ends)
        return Said(frozen(records), frozen(slack), frozen(reach))
