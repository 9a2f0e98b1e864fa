"""Random word lattices, and their paths one by one."""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Tuple

import numpy as np

from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice.word_lattice import WordLattice


class WordPath(NamedTuple):
    """A complete path: its arcs, its words (0 left out), and the sums of acoustic and graph scores, float64."""

    arcs: Tuple[int, ...]
    words: Tuple[int, ...]
    acoustic: float
    graph: float


def random_word_lattice(
    rng: np.random.Generator,
    num_states: int = 6,
    num_arcs: int = 12,
    num_words: int = 3,
    num_columns: int = 4,
    empty: float = 0.2,
    utterance: str = "random",
) -> WordLattice:
    """A random word lattice with alignment: several words between two states, arcs without word, ends alike.

    Args:
      rng: generator; the result depends on nothing else.
      num_states: S >= 2. num_arcs: A at least about this; as many more as it takes to leave no dead end.
      num_words: words `w1` ... of the table. num_columns: C, blank and a token for each other column.
      empty: probability that an arc has no word.
      utterance: id.

    Returns:
      A lattice whose scores are multiples of 0.25, exact in float32; frame shift 0.01.
    """
    frame = np.concatenate([[0], np.cumsum(rng.integers(0, 4, size=num_states - 1))]).astype(np.int32)
    ends = int(rng.integers(1, num_states))
    frame[ends:] = frame[ends]
    pairs = {(int(rng.integers(0, t)), t) for t in range(1, num_states)}
    pairs |= {(s, int(rng.integers(max(s + 1, ends), num_states))) for s in range(ends)}
    rows = sorted(pairs)
    while len(rows) < num_arcs:
        source = int(rng.integers(0, num_states - 1))
        rows.append((source, int(rng.integers(source + 1, num_states))))
    rows.sort()
    source_target = np.array(rows, dtype=np.int32)
    arcs = len(rows)
    is_final = frame == frame[-1]
    final = np.where(is_final, -0.25 * rng.integers(0, 8, size=num_states), -np.inf).astype(np.float32)
    frames = int((frame[source_target[:, 1]] - frame[source_target[:, 0]]).sum())
    letters = [chr(ord("a") + c) for c in range(num_columns - 1)]
    return WordLattice(
        utterance,
        source_target[:, 0].copy(),
        source_target[:, 1].copy(),
        np.where(rng.random(arcs) < empty, 0, rng.integers(1, num_words + 1, size=arcs)).astype(np.int32),
        (-0.25 * rng.integers(0, 40, size=arcs)).astype(np.float32),
        (-0.25 * rng.integers(0, 20, size=arcs)).astype(np.float32),
        frame,
        final,
        int(frame[-1]),
        0.01,
        SymbolTable([f"w{label}" for label in range(1, num_words + 1)]),
        SymbolTable(letters),
        np.arange(num_columns, dtype=np.int32),
        rng.integers(0, num_columns, size=frames).astype(np.int32),
        rng.integers(0, 2, size=frames).astype(np.uint8),
    )


def word_paths(lattice: WordLattice) -> Iterator[WordPath]:
    """Every complete path of a word lattice, by enumeration from its definition."""
    arcs_of: List[List[int]] = [[] for _ in range(lattice.num_states)]
    for arc, source in enumerate(lattice.source.tolist()):
        arcs_of[source].append(arc)
    stack: List[Tuple[int, Tuple[int, ...]]] = [(0, ())]
    while stack:
        state, path = stack.pop()
        if lattice.final_score[state] > -np.inf:
            words = tuple(int(lattice.output_label[k]) for k in path if lattice.output_label[k])
            acoustic = sum(float(lattice.acoustic_score[k]) for k in path)
            graph = sum(float(lattice.graph_score[k]) for k in path) + float(lattice.final_score[state])
            yield WordPath(path, words, acoustic, graph)
        stack += [(int(lattice.target[k]), (*path, k)) for k in arcs_of[state]]
