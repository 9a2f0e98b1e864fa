"""`LatticeSymbols`: what a lattice knows of its labels, and many files do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.core.scores import Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.load import Graph
from fsaasr.lattice.scored_paths import ScoredPaths

MOST_NUMBERS = 1 << 20
"""Labels without names are named by their numbers up to this; a larger one needs a symbol table."""


@dataclass(frozen=True, eq=False)
class LatticeSymbols:
    """Names of labels, and the time that a frame takes.

    Attributes:
      words, tokens, column_token: as in the decoding graph. Where no words are known, `words` has epsilon only; where
        nothing is known of columns, `column_token` is empty. Readers name such labels by their numbers.
      frame_shift: seconds.
    """

    words: SymbolTable
    tokens: SymbolTable
    column_token: npt.NDArray[np.int32]
    frame_shift: Seconds

    @classmethod
    def of(cls, source: Union[ScoredPaths, Graph], frame_shift: Seconds = 0.01) -> LatticeSymbols:
        """The symbols of a lattice, with its frame shift, or of a graph, with the one given."""
        if isinstance(source, ScoredPaths):
            frame_shift = source.frame_shift
        return cls(source.words, source.tokens, source.column_token, frame_shift)

    @classmethod
    def of_words(cls, words: SymbolTable, frame_shift: Seconds = 0.01) -> LatticeSymbols:
        """Names of words alone, as Kaldi's `words.txt` has them; columns, or transition-ids, keep their numbers."""
        return cls(words, SymbolTable([]), np.empty(0, dtype=np.int32), frame_shift)

    @classmethod
    def unknown(cls, frame_shift: Seconds = 0.01) -> LatticeSymbols:
        """No names at all: labels keep their numbers."""
        return cls.of_words(SymbolTable([]), frame_shift)

    def covering(self, word: int, column: int) -> LatticeSymbols:
        """These symbols, with numbers for names where none are known, up to word label `word` and column `column`.

        Raises:
          LatticeError: there are no names, and numbers so large that a table of them is out of the question.
        """
        symbols = self
        if len(self.words) == 1 and word > 0:
            symbols = replace(symbols, words=_numbers("word label", word))
        if len(self.column_token) == 0 and column >= 0:
            # Column c is named by the label that stands for it, c + 1: a transition-id in Kaldi's files.
            tokens = _numbers("column", column + 1)
            symbols = replace(symbols, tokens=tokens, column_token=np.arange(1, len(tokens), dtype=np.int32))
        return symbols


def _numbers(what: str, label: int) -> SymbolTable:
    if label > MOST_NUMBERS:
        raise LatticeError(f"{what} {label} without a symbol table; give LatticeSymbols, or the file is damaged")
    return _numbered_table(max(1024, 1 << (label - 1).bit_length()))


@lru_cache(maxsize=4)
def _numbered_table(size: int) -> SymbolTable:
    """Labels 1 .. `size`, each its own name; few sizes, so that the lattices of a file share one table."""
    return SymbolTable(map(str, range(1, size + 1)))
