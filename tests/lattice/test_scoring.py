"""Totals, posteriors, best paths and pruning of lattices against the enumerated paths of their graphs."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import LatticeError
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode
from fsaasr.lattice import arc_posteriors, best_path, check, prune, total_score
from fsaasr.testing import enumerate_paths, random_fst, random_matrix, random_word_lattice, toy_graph
from fsaasr.testing.strategies import graphs, matrices

quarters = st.integers(0, 8).map(lambda n: n / 4)
PATHS = (graphs(alive=True), matrices(impossible=False))


def all_paths(graph, matrix):
    """The unpruned lattice."""
    (lattice,) = decode(graph, Scores.from_matrices([matrix], 0.01), SearchOptions(lattice_beam=math.inf))
    return lattice


def split_scores(fst, matrix, path):
    """Acoustic score, graph score and number of words of an enumerated path."""
    labels = [int(fst.input_label[arc]) for arc in path.arcs]
    acoustic = sum(float(matrix[t, label - 1]) for t, label in enumerate(label for label in labels if label))
    return acoustic, path.score - acoustic, len(path.words(fst))


@given(*PATHS, quarters, quarters, st.integers(-4, 4).map(lambda n: n / 4))
def test_best_and_total_under_scales_are_those_of_all_paths(graph, matrix, acoustic_scale, lm_scale, penalty):
    lattice = all_paths(graph, matrix)
    scaled = []
    for path in enumerate_paths(graph.fst, matrix):
        acoustic, graph_score, words = split_scores(graph.fst, matrix, path)
        scaled.append(acoustic_scale * acoustic + lm_scale * graph_score - penalty * words)
    hypothesis = best_path(lattice, acoustic_scale, lm_scale, penalty)
    found = acoustic_scale * hypothesis.acoustic_score + lm_scale * hypothesis.graph_score
    assert found - penalty * len(hypothesis.words) == max(scaled)
    total = total_score(lattice, acoustic_scale, lm_scale, penalty)
    assert total == pytest.approx(np.logaddexp.reduce(scaled), abs=1e-9)
    assert total >= max(scaled) - 1e-9


@given(*PATHS, quarters)
def test_posteriors_sum_to_one_at_each_frame(graph, matrix, acoustic_scale):
    lattice = all_paths(graph, matrix)
    posteriors = arc_posteriors(lattice, acoustic_scale)
    consumes = lattice.input_label > 0
    sums = np.bincount(lattice.arc_frame[consumes], posteriors[consumes], minlength=len(matrix))
    np.testing.assert_allclose(sums, 1.0, atol=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_sure_has_a_posterior_of_no_more_than_one(seed):
    rng = np.random.default_rng(seed)
    lattice = random_word_lattice(rng, 6, 5)
    scores = rng.normal(0, 100, lattice.num_arcs).astype(np.float32)
    posteriors = arc_posteriors(replace(lattice, acoustic_score=scores), 0.3)
    assert posteriors.max(initial=0) <= 1


@given(*PATHS)
def test_a_posterior_is_the_share_of_the_paths_through_the_arc(graph, matrix):
    lattice = all_paths(graph, matrix)
    total = total_score(lattice)
    expected = {}
    for path in enumerate_paths(graph.fst, matrix):
        frame = 0
        for arc in path.arcs:
            expected[frame, arc] = expected.get((frame, arc), 0.0) + math.exp(path.score - total)
            frame += int(graph.fst.input_label[arc] > 0)
    found = zip(lattice.arc_frame.tolist(), lattice.graph_arc.tolist(), arc_posteriors(lattice))
    for frame, arc, posterior in found:
        assert posterior == pytest.approx(expected[frame, arc], abs=1e-9)


@given(*PATHS, quarters, quarters)
def test_pruning_equals_searching_with_the_smaller_beam(graph, matrix, small, more):
    scores = Scores.from_matrices([matrix], 0.01)
    (wide,) = decode(graph, scores, SearchOptions(lattice_beam=small + more))
    (narrow,) = decode(graph, scores, SearchOptions(lattice_beam=small))
    pruned = prune(wide, small)
    check(pruned)
    for name in ("source", "target", "graph_arc", "state_frame", "final_score", "acoustic_score", "graph_score"):
        assert np.array_equal(getattr(pruned, name), getattr(narrow, name)), name


def test_methods_are_the_functions():
    graph = toy_graph(random_fst(np.random.default_rng(5), num_arcs=40))
    lattice = all_paths(graph, random_matrix(np.random.default_rng(5), 6))
    assert lattice.best_path(0.5, 2.0, 0.25) == best_path(lattice, 0.5, 2.0, 0.25)
    assert lattice.total_score(0.5) == total_score(lattice, 0.5)
    assert np.array_equal(lattice.arc_posteriors(lm_scale=0.5), arc_posteriors(lattice, lm_scale=0.5))
    assert np.array_equal(lattice.pruned(1.0).graph_arc, prune(lattice, 1.0).graph_arc)
    assert lattice.best_path() != lattice.best_path(0.0, 1.0, 5.0)


def test_scales_and_beams_out_of_range_are_refused():
    lattice = all_paths(toy_graph(random_fst(np.random.default_rng(5), num_arcs=40)), np.zeros((3, 3)))
    with pytest.raises(LatticeError, match=r"acoustic_scale -1.0"):
        best_path(lattice, acoustic_scale=-1.0)
    with pytest.raises(LatticeError, match="word_insertion_penalty nan"):
        total_score(lattice, word_insertion_penalty=math.nan)
    with pytest.raises(LatticeError, match="the beam is -1"):
        prune(lattice, -1)


@pytest.mark.k2
@given(*PATHS)
def test_k2_finds_the_same_best_and_total_in_a_lattice(graph, matrix):
    k2 = pytest.importorskip("k2")
    torch = pytest.importorskip("torch")
    lattice = all_paths(graph, matrix)
    finals = np.flatnonzero(lattice.final_score > -np.inf)
    last = np.full(len(finals), lattice.num_states)
    source = np.concatenate([lattice.source, finals])
    order = np.argsort(source, kind="stable")
    rows = np.stack(
        [source, np.concatenate([lattice.target, last]), np.append(lattice.input_label, np.full(len(finals), -1))]
    ).T[order]
    fsa = k2.Fsa(torch.from_numpy(np.column_stack([rows, np.zeros(len(rows))]).astype(np.int32)))
    scores = np.concatenate([lattice.acoustic_score + lattice.graph_score, lattice.final_score[finals]])[order]
    fsa.scores = torch.from_numpy(scores)
    vector = k2.create_fsa_vec([fsa])
    best, total = (vector.get_tot_scores(use_double_scores=True, log_semiring=log).item() for log in (False, True))
    assert lattice.best_path().score == pytest.approx(best, abs=1e-4)
    assert lattice.total_score() == pytest.approx(total, abs=1e-4)
