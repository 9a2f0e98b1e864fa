"""Pruned native search: with open beams the exact lattice; with narrow ones sound, and honest about death."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import GraphError, ScoresError
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode, native
from fsaasr.decode.beam import beam_lattice
from fsaasr.decode.exact import exact_lattice
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.lattice import SEARCH_DIED, Utterance
from fsaasr.testing import enumerate_paths, random_fst, random_matrix, toy_graph
from fsaasr.testing.strategies import graphs, matrices


def wide(lattice_beam):
    return SearchOptions(search_beam=math.inf, lattice_beam=lattice_beam, max_active=10**6)


def search(graph, matrix, options):
    return beam_lattice(graph, Utterance("u", np.asarray(matrix, dtype=np.float32), 0.01), options)


def content(lattice):
    """Each arc with its frame and scores, and the final scores, in an order that does not depend on the states'."""
    arcs = zip(
        *(getattr(lattice, name).tolist() for name in ("arc_frame", "graph_arc", "acoustic_score", "graph_score"))
    )
    return sorted(arcs), sorted(lattice.final_score.tolist()), sorted(lattice.state_frame.tolist())


def assert_same(one, other):
    assert content(one) == content(other)
    assert (one.reached_final, one.flags) == (other.reached_final, other.flags)


@given(graphs(), matrices(), st.sampled_from([0.0, 2.0, 5.0, math.inf]))
def test_with_open_beams_it_is_the_exact_lattice(graph, matrix, beam):
    found = search(graph, matrix, wide(beam))
    found.check()
    assert_same(found, exact_lattice(graph, Utterance("u", matrix, 0.01), beam))


@pytest.mark.parametrize("seed", range(5))
def test_with_open_beams_it_is_exact_over_many_states_and_frames(seed):
    rng = np.random.default_rng(seed)
    graph = toy_graph(random_fst(rng, num_states=300, num_arcs=1500, num_columns=6, epsilon=0.3), 6)
    matrix = random_matrix(rng, 40, 6)
    found = search(graph, matrix, wide(6.0))
    assert_same(found, exact_lattice(graph, Utterance("u", matrix, 0.01), 6.0))
    assert found.num_arcs > 40


@given(graphs(alive=True), matrices(), st.sampled_from([0.25, 1.0, 3.0]), st.integers(1, 3), st.integers(0, 1))
def test_narrow_beams_give_true_paths_only(graph, matrix, beam, max_active, min_active):
    options = SearchOptions(search_beam=beam, max_active=max_active, min_active=min_active)
    lattice = search(graph, matrix, options)
    lattice.check()
    if not lattice.reached_final:
        return
    scores = [path.score for path in enumerate_paths(graph.fst, matrix)]
    assert lattice.best_path().score in scores
    assert lattice.total_score() <= np.logaddexp.reduce(scores) + 1e-9


def test_the_search_beam_cuts_what_lags_behind_and_min_active_keeps_it():
    # The better first arc leads nowhere.
    fst = FstArrays.from_arcs([(0, 1, 1, 0, 0.0), (0, 2, 2, 0, -4.0), (2, 3, 1, 1, 0.0)], [(3, 0.0)])
    narrow = search(toy_graph(fst), np.zeros((2, 3)), SearchOptions(search_beam=1.0, min_active=0))
    assert (narrow.reached_final, narrow.flags) == (False, (SEARCH_DIED,))
    assert narrow.state_frame.max() == 1
    kept = search(toy_graph(fst), np.zeros((2, 3)), SearchOptions(search_beam=1.0, min_active=2))
    assert kept.reached_final
    assert kept.best_path().score == -4.0


def test_max_active_keeps_the_best():
    arcs = [(0, s, 1, s, -0.25 * s) for s in range(1, 9)] + [(s, 9, 1, 0, 0.0) for s in range(1, 9)]
    graph = toy_graph(FstArrays.from_arcs(arcs, [(9, 0.0)]))
    found = search(graph, np.zeros((2, 3)), SearchOptions(max_active=3, min_active=0))
    assert sorted(found.output_label[found.output_label > 0].tolist()) == [1, 2, 3]


def test_scratch_is_clean_between_graphs_and_after_death():
    rng = np.random.default_rng(1)
    large = toy_graph(random_fst(rng, num_states=200, num_arcs=1200), 3)
    dead = toy_graph(FstArrays.from_arcs([(0, 1, 1, 0, 0.0)], [(1, 0.0)]))
    matrix = random_matrix(rng, 12)
    before = search(large, matrix, wide(4.0))
    assert search(dead, matrix, wide(4.0)).flags == (SEARCH_DIED,)
    assert_same(search(large, matrix, wide(4.0)), before)


def test_decode_takes_it_for_large_graphs_with_threads_and_mapped_files(monkeypatch, tmp_path):
    rng = np.random.default_rng(2)
    graph = toy_graph(random_fst(rng, num_states=100, num_arcs=800), 3)
    scores = Scores.from_matrices([random_matrix(rng, frames) for frames in (9, 12, 5)], 0.01)
    exact = decode(graph, scores, SearchOptions("native-exact", lattice_beam=3.0))
    monkeypatch.setattr(native, "MAX_EXACT_CELLS", 0)
    monkeypatch.setattr(native, "exact_lattice", None)
    graph.save(tmp_path / "graph.fsa")
    loaded = DecodingGraph.load(tmp_path / "graph.fsa")
    for one, other in zip(decode(loaded, scores, wide(3.0), threads=2), exact):
        assert_same(one, other)


def test_bad_input_is_refused():
    graph = toy_graph(FstArrays.from_arcs([(0, 1, 0, 0, 0.0), (1, 0, 0, 0, 0.0)], [(1, 0.0)]), 1)
    with pytest.raises(GraphError, match="epsilons form a cycle"):
        search(graph, [[0.0]], SearchOptions())
    with pytest.raises(GraphError, match="no final state"):
        search(toy_graph(FstArrays.from_arcs([(0, 1, 1, 0, 0.0)], []), 1), [[0.0]], SearchOptions())
    with pytest.raises(ScoresError, match="2 columns"):
        search(toy_graph(random_fst(np.random.default_rng(0))), [[0.0, 0.0]], SearchOptions())
