"""Word sequences: their edit distance, and lattices made of them."""

from __future__ import annotations

from typing import List, Sequence, Tuple

import numpy as np

from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice.word_lattice import WordLattice


def edit_distance(one: Sequence[int], other: Sequence[int]) -> int:
    """Fewest substitutions, deletions and insertions that make `other` of `one`, by the textbook's table."""
    row = list(range(len(other) + 1))
    for count, word in enumerate(one, 1):
        diagonal, row[0] = row[0], count
        for j, wanted in enumerate(other, 1):
            diagonal, row[j] = row[j], min(diagonal + (word != wanted), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def word_lattice_of(
    paths: Sequence[Tuple[Sequence[int], float, float]], num_words: int = 9, frames_per_word: int = 5
) -> WordLattice:
    """A lattice with the given paths side by side, which share nothing but start and end.

    Args:
      paths: words (labels >= 1, perhaps none), acoustic score and graph score of each; the first word's arc has both.
      num_words: words `w1` ... of the table.
      frames_per_word: of all words but each path's last, which lasts to the end.

    Returns:
      A lattice without columns, frame shift 0.01.
    """
    num_frames = frames_per_word * max(1, *(len(words) for words, _, _ in paths))
    end = 1 + sum(max(0, len(words) - 1) for words, _, _ in paths)
    frame, rows = [0], []
    for words, acoustic, graph in paths:
        here = 0
        for place, word in enumerate(words or (0,)):
            last = place >= len(words) - 1
            there = end if last else len(frame)
            if not last:
                frame.append(frames_per_word * (place + 1))
            rows.append((here, there, word, acoustic * (place == 0), graph * (place == 0)))
            here = there
    rows.sort(key=lambda row: row[0])
    columns: List[Tuple[float, ...]] = list(zip(*rows))
    source, target, label = (np.array(column, dtype=np.int32) for column in columns[:3])
    acoustic_score, graph_score = (np.array(column, dtype=np.float32) for column in columns[3:])
    final = np.full(end + 1, -np.inf, dtype=np.float32)
    final[-1] = 0.0
    return WordLattice(
        "listed",
        source,
        target,
        label,
        acoustic_score,
        graph_score,
        np.array([*frame, num_frames], dtype=np.int32),
        final,
        num_frames,
        0.01,
        SymbolTable([f"w{label}" for label in range(1, num_words + 1)]),
        SymbolTable(["a"]),
        np.arange(2, dtype=np.int32),
    )
