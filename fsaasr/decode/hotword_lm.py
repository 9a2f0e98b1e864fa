"""`HotwordTokenLm`: hotwords beside a model that says tokens."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar.failure_automaton import FailureAutomaton
from fsaasr.grammar.token_hotwords import TokenHotwords

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]


class HotwordTokenLm:
    """A `TokenLm` whose scores are no log probabilities: what each token adds, as the automaton of phrases says.

    It joins transducers and attention decoders as language models do, with a scale of 1.
    """

    may_gain = True

    def __init__(self, hotwords: TokenHotwords, tokens: SymbolTable) -> None:
        """Args:
          hotwords: phrases, and how they are spelt.
          tokens: the acoustic model's V tokens.

        Raises:
          GrammarError: as `TokenHotwords.automaton`.
        """
        self._automaton = hotwords.automaton(tokens)
        self._tokens = np.arange(1, len(tokens), dtype=np.int32)
        self.start: int = self._automaton.start
        self._longest = _longest(self._automaton)

    @property
    def context(self) -> Optional[int]:
        """Number of last tokens that scores depend on; None where repeated delimiters count as one."""
        if self._automaton.boundary >= 0 and self._automaton.begins is None:
            return None
        return self._longest

    def scores(self, states: Sequence[int]) -> Float64:
        """As `TokenLm.scores`."""
        at = np.asarray(states, dtype=np.int32)
        _, scores = self._step(np.repeat(at, len(self._tokens)), np.tile(self._tokens, len(at)))
        return np.column_stack([self._automaton.final(at), scores.reshape(len(at), len(self._tokens))])

    def advance(self, states: Sequence[int], tokens: Sequence[int]) -> List[int]:
        """As `TokenLm.advance`."""
        following, _ = self._step(np.asarray(states, dtype=np.int32), np.asarray(tokens, dtype=np.int32))
        found: List[int] = following.tolist()
        return found

    def _step(self, states: Int32, tokens: Int32) -> Tuple[Int32, Float64]:
        from fsaasr.grammar.ngram_kernels import steps

        automaton, before = self._automaton, np.zeros(len(states))
        if automaton.begins is not None:
            begins = automaton.begins[tokens]
            boundary = np.full(int(begins.sum()), automaton.boundary, dtype=np.int32)
            states = states.copy()
            states[begins], before[begins] = steps(automaton.tables, states[begins], boundary)
        following, scores = steps(automaton.tables, states, tokens)
        return following, before + scores


def _longest(automaton: FailureAutomaton) -> int:
    """Steps of the longest phrase: its beginnings have numbers that rise."""
    depth = [0] * len(automaton)
    for state in range(len(automaton)):
        for after in set(automaton.next_state[automaton.first[state] : automaton.first[state + 1]].tolist()):
            if after > state:
                depth[after] = max(depth[after], depth[state] + 1)
    return max(depth)
