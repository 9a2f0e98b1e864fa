"""The alignment of a word lattice as runs of equal columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.lattice.word_lattice import WordLattice


@dataclass(frozen=True, eq=False)
class ColumnRuns:
    """Runs, arc after arc.

    Attributes:
      place, column, length: int (R,): where each run begins among the columns, its column, and its frames.
      bounds: int (A + 1,): arc k has the runs `bounds[k] : bounds[k + 1]`.
    """

    place: npt.NDArray[np.int64]
    column: npt.NDArray[np.int32]
    length: npt.NDArray[np.int64]
    bounds: npt.NDArray[np.int64]

    def joined(self, runs: Sequence[str], between: str) -> List[str]:
        """For each arc, the texts of its runs, out of those of all runs."""
        bounds = self.bounds.tolist()
        return [between.join(runs[a:b]) for a, b in zip(bounds, bounds[1:])]


def column_runs(
    lattice: WordLattice, columns: npt.NDArray[np.int32], cuts: Optional[npt.NDArray[np.bool_]] = None
) -> ColumnRuns:
    """The runs of `columns` (F,), those of a lattice, cut where an arc begins and where `cuts` (F,) says so."""
    begins = lattice.column_offsets[:-1][np.diff(lattice.column_offsets) > 0]
    is_cut = np.diff(columns, prepend=-1) != 0
    is_cut[begins] = True
    if cuts is not None:
        is_cut |= cuts
    places = np.flatnonzero(is_cut)
    lengths = np.diff(places, append=len(columns))
    return ColumnRuns(places, columns[places], lengths, np.searchsorted(places, lattice.column_offsets))
