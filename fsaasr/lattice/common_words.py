"""Words of several lattices under common labels."""

from __future__ import annotations

from typing import List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice.scored_paths import ScoredPaths


def common_words(lattices: Sequence[ScoredPaths]) -> Tuple[SymbolTable, List[npt.NDArray[np.int32]]]:
    """The first lattice's table, with the words added that only others have, and in it the label of each one's arcs.

    Words are the same that have the same name.
    """
    words = lattices[0].words
    if not all(lattice.words is words or lattice.words == words for lattice in lattices):
        words = SymbolTable(dict.fromkeys(name for lattice in lattices for name in lattice.words))
    return words, [_labels(lattice, words) for lattice in lattices]


def _labels(lattice: ScoredPaths, words: SymbolTable) -> npt.NDArray[np.int32]:
    if lattice.words is words or lattice.words == words:
        return lattice.output_label
    return np.array([words[name] for name in lattice.words], dtype=np.int32)[lattice.output_label]
