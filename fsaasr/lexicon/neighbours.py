"""Sequences of tokens that differ in few places."""

from __future__ import annotations

from itertools import combinations
from typing import Dict, Iterator, List, Sequence, Tuple

import kaldialign

from fsaasr.core.errors import LexiconError
from fsaasr.lexicon.lexicon import Tokens


def neighbours(sequences: Sequence[Tokens], distance: int = 1) -> Iterator[Tuple[int, int, int]]:
    """Pairs of sequences within an edit distance (substitutions, insertions, deletions of one token each).

    Distance 1 is found by what is left of a sequence without one token, in time about that of the tokens and the
    pairs: seconds for 130,000 words. Larger distances compare all pairs.

    Args:
      sequences: distinct.
      distance: largest distance, >= 1.

    Yields:
      Numbers of two sequences, the smaller first, and their distance; each pair once, in no order of note.

    Raises:
      LexiconError: the distance is below 1.
    """
    if distance < 1:
        raise LexiconError(f"neighbours: distance {distance}, expected 1 or more")
    if distance == 1:
        yield from ((i, j, 1) for i, j in _one_apart(sequences))
        return
    lists = [list(sequence) for sequence in sequences]
    for i, j in combinations(range(len(lists)), 2):
        if abs(len(lists[i]) - len(lists[j])) <= distance:
            edits = kaldialign.edit_distance(lists[i], lists[j])["total"]
            if edits <= distance:
                yield i, j, edits


def _one_apart(sequences: Sequence[Tokens]) -> Iterator[Tuple[int, int]]:
    """Of two sequences of one length, what is left without the token at one place is equal, at one place alone."""
    numbers = {sequence: n for n, sequence in enumerate(sequences)}
    places: Dict[Tuple[int, Tokens], List[int]] = {}
    for n, sequence in enumerate(sequences):
        shorter = set()
        for i in range(len(sequence)):
            left = sequence[:i] + sequence[i + 1 :]
            places.setdefault((i, left), []).append(n)
            shorter.add(left)
        for left in shorter:
            if left in numbers:
                yield min(n, numbers[left]), max(n, numbers[left])
    for group in places.values():
        yield from combinations(group, 2)
