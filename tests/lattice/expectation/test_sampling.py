"""Sampled paths, expected counts and posteriors by frame, against the enumerated paths."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.errors import LatticeError
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode
from fsaasr.lattice import expected_counts, frame_posteriors, sample_paths, word_frame_posteriors
from fsaasr.testing import enumerate_paths, random_fst, random_matrix, random_word_lattice, toy_graph, word_paths

KAPPA = 0.25
DRAWS = 20_000


def probabilities(lattice):
    """Each path of a word lattice with its probability."""
    paths = list(word_paths(lattice))
    scores = np.array([KAPPA * (path.acoustic + path.graph) for path in paths])
    return list(zip(np.exp(scores - np.logaddexp.reduce(scores)).tolist(), paths))


@pytest.mark.parametrize("seed", range(6))
def test_paths_are_drawn_as_often_as_they_are_probable(seed):
    lattice = random_word_lattice(np.random.default_rng(seed), num_states=5, num_arcs=8)
    wanted = Counter()
    for share, path in probabilities(lattice):
        words = lattice.read_path(np.array(path.arcs, dtype=np.int32)).words
        wanted[(words, path.acoustic, path.graph)] += share
    drawn = sample_paths(lattice, DRAWS, 11, KAPPA, KAPPA)
    found = Counter((hyp.words, hyp.acoustic_score, hyp.graph_score) for hyp in drawn)
    assert set(found) <= set(wanted)
    assert {hyp.rule for hyp in drawn} == {"sampled"}
    # Chi-square over the paths to be expected at least five times: mean k - 1, deviation sqrt(2 (k - 1)).
    common = [key for key in wanted if DRAWS * wanted[key] >= 5]
    chi = sum((found[key] - DRAWS * wanted[key]) ** 2 / (DRAWS * wanted[key]) for key in common)
    assert chi < len(common) + 5 * np.sqrt(2 * len(common))


def test_samples_depend_on_the_seed_alone():
    lattice = random_word_lattice(np.random.default_rng(3))
    first = sample_paths(lattice, 50, 1, 0.1, 0.1)
    assert sample_paths(lattice, 50, 1, 0.1, 0.1) == first
    assert sample_paths(lattice, 50, 2, 0.1, 0.1) != first
    assert sample_paths(lattice, 20, 1, 0.1, 0.1) == first[:20]
    assert sample_paths(lattice, 0, 1) == []
    with pytest.raises(LatticeError, match="n is -1"):
        sample_paths(lattice, -1, 1)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("order", [1, 2, 3])
def test_expected_counts_are_sums_over_the_paths(seed, order):
    lattice = random_word_lattice(np.random.default_rng(seed))
    wanted = Counter()
    for share, path in probabilities(lattice):
        for first in range(len(path.words) - order + 1):
            wanted[path.words[first : first + order]] += share
    labels, counts = expected_counts(lattice, order, KAPPA, KAPPA)
    assert labels.shape == (len(counts), order)
    found = list(map(tuple, labels.tolist()))
    assert found == sorted(wanted)
    np.testing.assert_allclose(counts, [wanted[words] for words in found], atol=1e-9)


def test_orders_out_of_range_are_refused():
    for order in (0, 4):
        with pytest.raises(LatticeError, match=rf"order is {order}, expected 1 \.\. 3"):
            expected_counts(random_word_lattice(np.random.default_rng(0)), order)


@pytest.mark.parametrize("seed", range(40))
def test_posteriors_by_frame_are_those_of_the_paths(seed):
    lattice = random_word_lattice(np.random.default_rng(seed))
    columns = np.zeros((lattice.num_frames, len(lattice.column_token)))
    words = np.zeros((lattice.num_frames, len(lattice.words)))
    for share, path in probabilities(lattice):
        for arc in path.arcs:
            begin, end = (lattice.state_frame[state[arc]] for state in (lattice.source, lattice.target))
            words[begin:end, lattice.output_label[arc]] += share
            own = lattice.columns[lattice.column_offsets[arc] : lattice.column_offsets[arc + 1]]
            np.add.at(columns, (np.arange(begin, end), own), share)
    found = frame_posteriors(lattice, KAPPA, KAPPA)
    np.testing.assert_allclose(found, columns, atol=1e-9)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    labels, posterior = word_frame_posteriors(lattice, KAPPA, KAPPA)
    np.testing.assert_allclose(posterior, words[:, labels], atol=1e-9)
    np.testing.assert_allclose(posterior.sum(axis=1), 1.0)


@pytest.mark.parametrize("seed", range(20))
def test_posteriors_of_a_searchs_lattice_are_those_of_the_graphs_paths(seed):
    rng = np.random.default_rng(seed)
    fst, matrix = random_fst(rng), random_matrix(rng, 4)
    paths = enumerate_paths(fst, matrix)
    if not paths:
        pytest.skip("no path")
    (lattice,) = decode(toy_graph(fst), Scores.from_matrices([matrix], 0.01), SearchOptions(lattice_beam=np.inf))
    scores = np.array([path.score for path in paths])
    wanted = np.zeros(matrix.shape)
    for share, path in zip(np.exp(scores - np.logaddexp.reduce(scores)), paths):
        steps = [int(fst.input_label[arc]) - 1 for arc in path.arcs if fst.input_label[arc]]
        wanted[np.arange(len(steps)), steps] += share
    np.testing.assert_allclose(frame_posteriors(lattice)[:, : matrix.shape[1]], wanted, atol=1e-6)


def test_without_columns_there_are_no_posteriors_of_columns():
    lattice = replace(random_word_lattice(np.random.default_rng(0)), columns=None, column_flags=None)
    with pytest.raises(LatticeError, match="does not know its columns"):
        frame_posteriors(lattice)
