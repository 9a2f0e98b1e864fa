"""The native exact engine against enumeration: same paths, same scores, exactly what the lattice beam promises."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import DecodeError, GraphError, ScoresError
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode
from fsaasr.decode import search_tables as tables_module
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.lattice import SEARCH_DIED
from fsaasr.testing import (
    best_and_total,
    enumerate_partial_paths,
    enumerate_paths,
    exact_search,
    random_fst,
    random_matrix,
    toy_graph,
)
from fsaasr.testing.strategies import graphs, matrices

WIDE = SearchOptions(lattice_beam=math.inf)


def batch(*arrays):
    return Scores.from_matrices(arrays, frame_shift=0.01)


def lattice_paths(lattice):
    """(graph arcs, score) of every path of a lattice, by walking it."""
    found = []

    def walk(state, arcs, score):
        if lattice.final_score[state] > -math.inf:
            found.append((arcs, score + float(lattice.final_score[state])))
        for k in np.flatnonzero(lattice.source == state):
            here = float(lattice.acoustic_score[k]) + float(lattice.graph_score[k])
            walk(int(lattice.target[k]), (*arcs, int(lattice.graph_arc[k])), score + here)

    walk(0, (), 0.0)
    return sorted(found)


def timed_arcs(fst, paths):
    """(frame, arc) pairs of paths."""
    pairs = set()
    for arcs in paths:
        frame = 0
        for arc in arcs:
            pairs.add((frame, arc))
            frame += int(fst.input_label[arc] > 0)
    return pairs


@given(graphs(), matrices())
def test_an_unpruned_lattice_is_the_set_of_all_paths(graph, matrix):
    (lattice,) = decode(graph, batch(matrix), WIDE)
    lattice.check()
    expected = [(path.arcs, path.score) for path in enumerate_paths(graph.fst, matrix)]
    assert lattice.reached_final == bool(expected)
    if not expected:
        reached, partial = enumerate_partial_paths(graph.fst, matrix)
        expected = [(path.arcs, path.score) for path in partial]
        assert (SEARCH_DIED in lattice.flags) == (reached < len(matrix))
        assert lattice.state_frame.max() == reached
    assert lattice_paths(lattice) == sorted(expected)


@given(graphs(), matrices(), st.integers(0, 24).map(lambda quarters: quarters / 4))
def test_an_arc_is_present_exactly_if_its_best_path_is_within_the_beam(graph, matrix, beam):
    (lattice,) = decode(graph, batch(matrix), SearchOptions(lattice_beam=beam))
    lattice.check()
    paths = enumerate_paths(graph.fst, matrix)
    if not paths:
        _, paths = enumerate_partial_paths(graph.fst, matrix)
    best = max(path.score for path in paths)
    within = [path for path in paths if path.score >= best - beam]
    found = set(zip(lattice.arc_frame.tolist(), lattice.graph_arc.tolist()))
    assert found == timed_arcs(graph.fst, [path.arcs for path in within])
    assert {path.arcs for path in within} <= {arcs for arcs, _ in lattice_paths(lattice)}


@given(graphs(), matrices())
def test_best_and_total_are_those_of_all_paths(graph, matrix):
    expected = best_and_total(enumerate_paths(graph.fst, matrix))
    (lattice,) = decode(graph, batch(matrix), WIDE)
    if lattice.reached_final:
        assert lattice.best_path().score == expected.best
        assert lattice.total_score() == pytest.approx(expected.total, abs=1e-9)
        assert lattice.best_path().score <= lattice.total_score() + 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_dense_matrices_over_many_frames(seed):
    rng = np.random.default_rng(seed)
    graph = toy_graph(random_fst(rng, num_states=20, num_arcs=120, num_columns=5), 5)
    matrix = random_matrix(rng, 60, 5)
    exact = exact_search(graph.fst, matrix)
    (lattice,) = decode(graph, batch(matrix), WIDE)
    assert exact.best > -math.inf
    assert lattice.best_path().score == pytest.approx(exact.best, abs=1e-9)
    assert lattice.total_score() == pytest.approx(exact.total, abs=1e-8)


@given(graphs(), matrices(), matrices(), st.integers(1, 3))
def test_batch_padding_and_threads_change_nothing(graph, first, second, threads):
    frames = max(len(first), len(second)) + 2
    padded = np.full((2, frames, 3), np.nan, dtype=np.float32)
    for row, matrix in zip(padded, (first, second)):
        row[: len(matrix)] = matrix
    scores = Scores(padded, [len(first), len(second)], 0.01)
    together = decode(graph, scores, WIDE, threads)
    alone = [decode(graph, batch(matrix), WIDE)[0] for matrix in (first, second)]
    for one, other in zip(together, alone):
        for name in ("source", "target", "acoustic_score", "graph_score", "final_score", "graph_arc", "state_frame"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
        assert (one.flags, one.reached_final) == (other.flags, other.reached_final)


def test_acoustic_scale_is_in_the_lattice():
    graph = toy_graph(FstArrays.from_arcs([(0, 1, 1, 1, -0.5)], [(1, -0.25)]), 1)
    (lattice,) = decode(graph, batch([[-2.0]]), SearchOptions(acoustic_scale=0.5))
    hypothesis = lattice.best_path()
    assert (hypothesis.acoustic_score, hypothesis.graph_score) == (-1.0, -0.75)


def test_inputs_are_left_alone():
    rng = np.random.default_rng(0)
    graph = toy_graph(random_fst(rng))
    matrix = random_matrix(rng, 5)
    matrix.flags.writeable = False
    before = matrix.copy()
    decode(graph, batch(matrix), SearchOptions(acoustic_scale=0.5))
    assert np.array_equal(matrix, before)


def one_arc(label=1):
    return FstArrays.from_arcs([(0, 1, label, 1, 0.0)], [(1, 0.0)])


def test_scores_of_another_width_are_refused():
    with pytest.raises(ScoresError, match=r"2 columns, the graph .* built for 3"):
        decode(toy_graph(one_arc(), 3), batch([[0.0, 0.0]]))


def test_a_label_beyond_the_columns_is_refused():
    with pytest.raises(GraphError, match="input_label of arc 0 is 4, expected 0 to 3"):
        decode(toy_graph(one_arc(label=4), 3), batch([[0.0, 0.0, 0.0]]))


def test_a_graph_without_final_state_is_refused():
    with pytest.raises(GraphError, match="no final state"):
        decode(toy_graph(FstArrays.from_arcs([(0, 1, 1, 0, 0.0)], []), 1), batch([[0.0]]))


def test_an_empty_graph_is_refused():
    empty = FstArrays.from_columns([], [], [], [], [], np.zeros(0), start=-1)
    with pytest.raises(GraphError, match="accepts nothing"):
        decode(toy_graph(empty, 1), batch([[0.0]]))


def test_an_epsilon_cycle_is_refused():
    loop = FstArrays.from_arcs([(0, 1, 0, 0, 0.0), (1, 0, 0, 0, 0.0), (1, 2, 1, 0, 0.0)], [(2, 0.0)])
    with pytest.raises(GraphError, match="epsilons form a cycle"):
        decode(toy_graph(loop, 1), batch([[0.0]]))


def test_an_epsilon_self_loop_is_refused():
    loop = FstArrays.from_arcs([(0, 0, 0, 0, -1.0), (0, 1, 1, 0, 0.0)], [(1, 0.0)])
    with pytest.raises(GraphError, match="epsilons form a cycle"):
        decode(toy_graph(loop, 1), batch([[0.0]]))


def test_a_trellis_beyond_memory_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr(tables_module, "MAX_TRELLIS_BYTES", 31)
    with pytest.raises(DecodeError, match=r"utterance 'utt0' with 1 frames over 2 states .*engine='native'"):
        decode(toy_graph(one_arc(), 1), batch([[0.0]]), SearchOptions("native-exact"))


def test_zero_frames_and_nan_are_refused_by_name():
    with pytest.raises(ScoresError, match="'utt0' has 0 frames"):
        batch(np.zeros((0, 1)))
    with pytest.raises(ScoresError, match="'utt0' has nan at frame 0"):
        batch([[np.nan]])
