"""Prefix probabilities against every string of columns, added up one by one."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from fsaasr.decode.attention.ctc_prefix import CtcPrefixes, PrefixState

FRAMES, COLUMNS = 5, 3


def log_probs(seed: int) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=(FRAMES, COLUMNS)) * 2
    return values - np.logaddexp.reduce(values, axis=1, keepdims=True)


def collapsed(columns: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(c for c, _ in itertools.groupby(columns) if c)


def brute_force(matrix: np.ndarray) -> dict[tuple[int, ...], float]:
    """Probability of each token sequence."""
    found: dict[tuple[int, ...], float] = {}
    for columns in itertools.product(range(COLUMNS), repeat=FRAMES):
        chance = math.exp(sum(matrix[t, c] for t, c in enumerate(columns)))
        found[collapsed(columns)] = found.get(collapsed(columns), 0.0) + chance
    return found


def state_of(prefixes: CtcPrefixes, tokens: tuple[int, ...]) -> PrefixState:
    state = prefixes.start
    for token in tokens:
        state = prefixes.advance(state, np.array([token]))
    return state


@pytest.mark.parametrize("seed", range(4))
def test_prefix_probabilities_are_sums_over_all_strings(seed: int) -> None:
    matrix = log_probs(seed)
    whole, prefixes = brute_force(matrix), CtcPrefixes(matrix)
    for tokens in [(), (1,), (2, 1), (1, 1), (1, 2, 1), (2, 2, 2), (1, 2, 1, 2, 1), (1, 1, 1, 1)]:
        scores = prefixes.scores(state_of(prefixes, tokens))[0]
        assert math.exp(scores[0]) == pytest.approx(whole.get(tokens, 0.0), abs=1e-12)
        for token in (1, 2):
            wanted = (*tokens, token)
            chance = sum(value for key, value in whole.items() if key[: len(wanted)] == wanted)
            assert math.exp(scores[token]) == pytest.approx(chance, abs=1e-12)


def test_what_follows_adds_up_to_what_was() -> None:
    prefixes = CtcPrefixes(log_probs(7))
    state, before = prefixes.start, 0.0
    for token in (1, 1, 2):
        scores = prefixes.scores(state)[0]
        assert np.logaddexp.reduce(scores) == pytest.approx(before, abs=1e-9)
        before, state = scores[token], prefixes.advance(state, np.array([token]))


def test_several_sequences_at_once_score_as_one_by_one() -> None:
    prefixes = CtcPrefixes(log_probs(3))
    both = prefixes.advance(prefixes.start.select([0, 0]), np.array([1, 2]))
    both = prefixes.advance(both.select([1, 0, 1]), np.array([2, 2, 1]))
    expected = [prefixes.scores(state_of(prefixes, tokens))[0] for tokens in ((2, 2), (1, 2), (2, 1))]
    np.testing.assert_allclose(prefixes.scores(both), expected)
