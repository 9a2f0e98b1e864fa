"""The best frames of tokens against all ways to place them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fsaasr.decode.ordered_frames import ordered_frames


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_best_of_all_ways(seed: int, apart: bool) -> None:
    rng = np.random.default_rng(seed)
    frames = int(rng.integers(1, 7))
    tokens = int(rng.integers(0, min(frames, 4) + 1))
    said, waited = rng.normal(size=(frames, tokens)), rng.normal(size=(frames, tokens + 1))

    def score(path: tuple[int, ...]) -> float:
        total = sum(said[frame, token] for token, frame in enumerate(path))
        rests = [frame for frame in range(frames) if not (apart and frame in path)]
        return float(total + sum(waited[frame, sum(t <= frame for t in path)] for frame in rests))

    ways = itertools.combinations if apart else itertools.combinations_with_replacement
    best = max(ways(range(frames), tokens), key=score)
    assert tuple(ordered_frames(said, waited, apart=apart).tolist()) == best


def test_the_earliest_of_equal_ones_is_taken() -> None:
    assert ordered_frames(np.zeros((4, 2)), np.zeros((4, 3)), apart=True).tolist() == [0, 1]
    assert ordered_frames(np.zeros((4, 2)), np.zeros((4, 3)), apart=False).tolist() == [0, 0]


def test_no_token_may_be_impossible_everywhere_else() -> None:
    said = np.full((5, 2), -np.inf)
    said[1, 0] = said[3, 1] = -2.0
    assert ordered_frames(said, np.zeros((5, 3)), apart=True).tolist() == [1, 3]
