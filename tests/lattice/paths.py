"""Paths of word lattices as values that can be compared, by enumeration."""

from __future__ import annotations

from typing import List, NamedTuple, Tuple

import numpy as np

from fsaasr.lattice import GraphParts, WordLattice
from fsaasr.testing import word_paths


class PathFacts(NamedTuple):
    """What there is to a path, whatever the numbers of its states.

    Attributes:
      words: name, begin and end frame of each.
      columns: and flags of each frame, if known.
      acoustic, graph: sums.
    """

    words: Tuple[Tuple[str, int, int], ...]
    columns: Tuple[Tuple[int, int], ...]
    acoustic: float
    graph: float


def facts(lattice: WordLattice) -> List[PathFacts]:
    """All paths, sorted."""
    found = []
    for path in word_paths(lattice):
        arcs = np.array(path.arcs, dtype=np.int32)
        frames = lattice.frames_of(arcs)
        columns = [] if lattice.columns is None else lattice.columns[frames].tolist()
        flags = [0] * len(columns) if lattice.column_flags is None else lattice.column_flags[frames].tolist()
        words = tuple(
            (
                lattice.words.name(int(lattice.output_label[k])),
                int(lattice.state_frame[lattice.source[k]]),
                int(lattice.state_frame[lattice.target[k]]),
            )
            for k in path.arcs
            if lattice.output_label[k]
        )
        found.append(PathFacts(words, tuple(zip(columns, flags)), path.acoustic, path.graph))
    return sorted(found)


def random_parts(lattice: WordLattice, rng: np.random.Generator) -> GraphParts:
    """Parts in quarters whose sum is the graph score."""
    some = [(-0.25 * rng.integers(0, 8, size=lattice.num_arcs)).astype(np.float32) for _ in range(3)]
    return GraphParts(lattice.graph_score - sum(some), *some)
