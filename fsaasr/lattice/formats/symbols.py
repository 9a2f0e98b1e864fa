"""`LatticeSymbols`: what a lattice knows of its labels, and many files do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.load import Graph
from fsaasr.lattice.scored_paths import ScoredPaths


@dataclass(frozen=True, eq=False)
class LatticeSymbols:
    """Names of labels, and the time that a frame takes.

    Attributes:
      words, tokens, column_token: as in the decoding graph.
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
