"""Confusion networks: pruning, JSON, and times that neither overlap nor go back."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import LatticeError
from fsaasr.lattice import ConfusionNetwork, mbr_decode
from fsaasr.lattice.risk.word_times import separated
from fsaasr.testing import random_word_lattice, word_lattice_of


def network(seed):
    return mbr_decode(random_word_lattice(np.random.default_rng(seed), 8, 18), 0.1, 0.1).network


def as_lists(found):
    return [[*found.entries(number)] for number in range(len(found))]


@pytest.mark.parametrize("seed", range(30))
def test_a_network_comes_back_from_json(seed):
    found = network(seed)
    again = ConfusionNetwork.from_dict(json.loads(json.dumps(found.to_dict())))
    assert as_lists(again) == as_lists(found)
    assert again.best() == found.best()
    np.testing.assert_array_equal(again.bin_begin, found.bin_begin)
    np.testing.assert_array_equal(again.bin_end, found.bin_end)
    assert (again.utterance, again.frame_shift) == (found.utterance, found.frame_shift)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("bound", [0.0, 0.1, 0.3, 1.0])
def test_pruning_keeps_the_hypothesis_and_sums(seed, bound):
    found = network(seed)
    pruned = found.pruned(bound)
    assert pruned.best() == found.best()
    np.testing.assert_allclose(np.bincount(pruned.bin_of, pruned.posterior, len(pruned)), 1.0)
    kept = []
    for first, *others in as_lists(found):
        kept.append([first.word, *(entry.word for entry in others if entry.posterior >= bound)])
    assert [[entry.word for entry in entries] for entries in as_lists(pruned)] == [b for b in kept if b != ["<eps>"]]


def test_a_bin_that_keeps_no_word_goes():
    """w1 1.0, then w2 0.1 or nothing 0.9: without what is below 0.2, only w1's bin is left."""
    found = mbr_decode(word_lattice_of([((1,), 0.0, math.log(0.9)), ((1, 2), 0.0, math.log(0.1))])).network
    assert len(found) == 2
    pruned = found.pruned(0.2)
    assert [[entry.word for entry in pruned.entries(b)] for b in range(len(pruned))] == [["w1"]]
    with pytest.raises(LatticeError, match=r"min_posterior is 2, expected 0 \.\. 1"):
        found.pruned(2)


spans = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10)), max_size=8)


@given(spans)
def test_separated_times_are_in_order_within_what_they_covered(pairs):
    begin = np.sort(np.array([left for left, _ in pairs], dtype=np.float64))
    end = begin + np.array([length for _, length in pairs], dtype=np.float64)
    starts, ends = separated(begin, end, np.linspace(0.1, 1.0, len(begin)))
    flat = np.stack([starts, ends], axis=1).ravel()
    assert (np.diff(flat) >= -1e-9).all()
    if len(pairs):
        assert flat[0] >= begin.min() - 1e-9
        assert flat[-1] <= end.max() + 1e-9
        assert (ends - starts > 0)[end > begin].all()
    apart = (begin[1:] >= end[:-1]).all()
    assert not apart or (list(starts), list(ends)) == (list(begin), list(end))


def test_words_that_overlap_share_in_proportion_to_their_durations():
    """0 .. 12 and 8 .. 12 last 12 and 4 frames: of the 12 frames that both cover the first gets 9, the second 3."""
    begin, end = separated(np.array([0.0, 8.0]), np.array([12.0, 12.0]), np.ones(2))
    assert (begin.tolist(), end.tolist()) == ([0.0, 9.0], [9.0, 12.0])


def test_an_improbable_word_gives_way():
    """0 .. 12 with 1.0 and 8 .. 12 with 0.6: the weights are 12 and 4 * 0.6 = 2.4, so 10 and 2 of the 12 frames."""
    begin, end = separated(np.array([0.0, 8.0]), np.array([12.0, 12.0]), np.array([1.0, 0.6]))
    np.testing.assert_allclose([begin, end], [[0.0, 10.0], [10.0, 12.0]])
