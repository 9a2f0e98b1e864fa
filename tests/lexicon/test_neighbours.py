"""Sequences a few edits apart: compared with all pairs, by a textbook distance."""

from __future__ import annotations

from itertools import combinations
from typing import Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import LexiconError
from fsaasr.lexicon import neighbours


def edits(a: Tuple[str, ...], b: Tuple[str, ...]) -> int:
    if not a or not b:
        return len(a) + len(b)
    return min(edits(a[1:], b) + 1, edits(a, b[1:]) + 1, edits(a[1:], b[1:]) + (a[0] != b[0]))


@given(
    st.lists(st.lists(st.sampled_from("XYZ"), min_size=1, max_size=5).map(tuple), unique=True, max_size=12),
    st.integers(1, 3),
)
def test_exactly_the_pairs_within_the_distance_are_found_once(sequences: list[Tuple[str, ...]], distance: int) -> None:
    found = list(neighbours(sequences, distance))
    expected = {(i, j): edits(sequences[i], sequences[j]) for i, j in combinations(range(len(sequences)), 2)}
    assert sorted(found) == sorted((*pair, n) for pair, n in expected.items() if n <= distance)


def test_a_distance_of_nothing_is_refused() -> None:
    with pytest.raises(LexiconError, match="distance 0, expected 1 or more"):
        list(neighbours([("A",)], 0))
