"""`NeuralTokenLm`: a neural language model of an acoustic model's tokens, for fusion in searches."""

from __future__ import annotations

from typing import List, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar.neural import LmState, NeuralLm


class NeuralTokenLm:
    """A `TokenLm`."""

    context = None

    def __init__(self, lm: NeuralLm, tokens: SymbolTable) -> None:
        """Args:
          lm: of token names as words.
          tokens: the acoustic model's V tokens.

        Raises:
          GrammarError: the model lacks a token and has no `<unk>`.
        """
        self._lm = lm
        self._columns = np.array([0, *lm.labels_of(tokens.names[1:])])
        self.start: LmState = lm.start

    def scores(self, states: Sequence[LmState]) -> npt.NDArray[np.float64]:
        """As `TokenLm.scores`."""
        return self._lm.distributions(states)[:, self._columns]

    def advance(self, states: Sequence[LmState], tokens: Sequence[int]) -> List[LmState]:
        """As `TokenLm.advance`."""
        return self._lm.read(states, self._columns[list(tokens)].tolist())
