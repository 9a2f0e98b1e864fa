"""`TokenLm`: what a search asks a language model of tokens, and an n-gram model as such a one."""

from __future__ import annotations

from typing import Any, List, Optional, Protocol, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GrammarError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import NgramModel

Float64 = npt.NDArray[np.float64]


class TokenLm(Protocol):
    """A model of token sequences, for shallow fusion (Gulcehre et al. 2015): n-grams, LSTM, Transformer.

    A state is anything that stands for the tokens so far; it is handed back as it was given.
    """

    @property
    def context(self) -> Optional[int]:
        """Number of last tokens that scores depend on; None for all."""

    @property
    def start(self) -> Any:
        """State before the first token."""

    def scores(self, states: Sequence[Any]) -> Float64:
        """float64 (M, 1 + V): natural log probability of the end (column 0) and each token in each of M states."""

    def advance(self, states: Sequence[Any], tokens: Sequence[int]) -> Sequence[Any]:
        """Next state of each of M states behind its token, 1 .. V."""


class NgramTokenLm:
    """An n-gram model of tokens; a `TokenLm`."""

    def __init__(self, model: NgramModel, tokens: SymbolTable) -> None:
        """Args:
          model: of token names as words, with `<s>` and `</s>`.
          tokens: the acoustic model's V tokens.

        Raises:
          GrammarError: the model lacks a token and has no `<unk>`, or lacks `<s>` or `</s>`.
        """
        from fsaasr.grammar.ngram_states import NgramStates

        self._states = NgramStates.of(model)
        self.context = model.order - 1
        self._names = tokens.names[1:]
        self._ids = np.concatenate([[self._states.end_id], self._states.ids_of(self._names)]).astype(np.int32)
        if not len(self._names):
            raise GrammarError("NgramTokenLm: no tokens; give the acoustic model's")
        self.start: int = self._states.start

    def scores(self, states: Sequence[int]) -> Float64:
        """As `TokenLm.scores`."""
        from fsaasr.grammar.ngram_kernels import steps

        flat = np.repeat(np.asarray(states, dtype=np.int32), len(self._ids))
        scores: Float64 = steps(self._states.tables, flat, np.tile(self._ids, len(states)))[1]
        return scores.reshape(len(states), len(self._ids))

    def advance(self, states: Sequence[int], tokens: Sequence[int]) -> List[int]:
        """As `TokenLm.advance`."""
        following, _ = self._states.advance(states, [self._names[token - 1] for token in tokens])
        following_list: List[int] = following.tolist()
        return following_list
