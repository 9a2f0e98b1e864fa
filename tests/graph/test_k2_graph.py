"""Conversion to k2 spells out epsilon paths one by one, and can be undone."""

import numpy as np
import pytest
from hypothesis import assume, given

from fsaasr.core.errors import GraphBudgetError, GraphError
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.k2_graph import k2_to_decoding_graph, to_k2, to_k2_fsa
from fsaasr.testing import enumerate_paths, toy_graph
from fsaasr.testing.strategies import graphs, matrices

k2 = pytest.importorskip("k2")
pytestmark = pytest.mark.k2

# 0 -eps:1/-0.5-> 1 -2:0/-1-> 2(final -0.25); 0 -eps:2/-2-> 1; 1 -eps:0/-0.25-> 2
PARALLEL = FstArrays.from_arcs(
    [(0, 1, 0, 1, -0.5), (0, 1, 0, 2, -2.0), (1, 2, 2, 0, -1.0), (1, 2, 0, 0, -0.25)], [(2, -0.25)]
)


def can_end(graph):
    """Whether some final state can be reached, by plain search."""
    fst, seen, todo = graph.fst, set(), [graph.fst.start]
    while todo:
        state = todo.pop()
        if state not in seen:
            seen.add(state)
            leaving = range(fst.arc_offsets[state], fst.arc_offsets[state + 1])
            todo += [int(fst.next_state[arc]) for arc in leaving if fst.score[arc] > -np.inf]
    return any(fst.final_score[state] > -np.inf for state in seen)


def test_parallel_epsilon_paths_stay_parallel_arcs():
    fsa = to_k2_fsa(toy_graph(PARALLEL))
    # From state 0: column 1 (label 2) by either epsilon, the end by either; from state 2 the end.
    assert fsa.labels.tolist() == [1, 1, -1, -1, -1]
    assert fsa.scores.tolist() == [-0.5 - 1.0, -2.0 - 1.0, -0.5 - 0.25 - 0.25, -2.0 - 0.25 - 0.25, -0.25]
    assert fsa.aux_labels.tolist() == [[1], [2], [1], [2], []]
    assert fsa.arc_path.tolist() == [0, 1, 2, 3, 4]


def test_each_arc_knows_the_arcs_it_stands_for():
    converted = to_k2(toy_graph(PARALLEL))
    paths = [
        converted.path_arcs[begin:end].tolist()
        for begin, end in zip(converted.path_offsets, converted.path_offsets[1:])
    ]
    assert paths == [[0, 2], [1, 2], [0, 3], [1, 3], []]
    assert converted.path_end.tolist() == [-1, -1, 2, 2, 2]


def spelled(fst):
    converted = to_k2(toy_graph(fst))
    rows = converted.fsa.arcs.values()[:, :3].tolist()
    paths = [
        converted.path_arcs[begin:end].tolist()
        for begin, end in zip(converted.path_offsets, converted.path_offsets[1:])
    ]
    return list(zip(map(tuple, rows), paths))


def test_epsilons_follow_the_arc_that_emits():
    # 0 -1-> 1; 1 -2-> 1; 1 -eps-> 2 (back off); 2 -3-> 2, final. What backs off from anywhere meets in 2.
    fst = FstArrays.from_arcs([(0, 1, 1, 0, 0.0), (1, 2, 0, 0, -0.5), (1, 1, 2, 0, 0.0), (2, 2, 3, 0, 0.0)], [(2, 0.0)])
    assert spelled(fst) == [
        ((0, 1, 0), [0]),
        ((0, 2, 0), [0, 1]),
        ((1, 1, 1), [2]),
        ((1, 2, 1), [2, 1]),
        ((2, 2, 2), [3]),
        ((2, 3, -1), []),
    ]


def test_only_the_start_has_epsilons_before_the_arc_that_emits():
    # 0 -eps-> 1 (final) -1-> 0: the way back to 0 ends with the epsilon that the next path then does not begin with.
    fst = FstArrays.from_arcs([(0, 1, 0, 0, -1.0), (1, 0, 1, 0, 0.0)], [(1, 0.0)])
    assert spelled(fst) == [((0, 1, 0), [0, 1, 0]), ((0, 2, -1), [0]), ((1, 1, 0), [1, 0]), ((1, 2, -1), [])]


@given(graphs())
def test_an_arc_scores_what_its_path_scores(graph):
    assume(can_end(graph))
    converted = to_k2(graph)
    fst = graph.fst
    assert "ArcSorted" in converted.fsa.properties_str
    for p, (label, score) in enumerate(zip(converted.fsa.labels.tolist(), converted.fsa.scores.tolist())):
        arcs = converted.path_arcs[converted.path_offsets[p] : converted.path_offsets[p + 1]]
        end = converted.path_end[p]
        emitted = [int(fst.input_label[arc]) - 1 for arc in arcs if fst.input_label[arc]]
        assert emitted == ([] if end >= 0 else [label])
        assert (label == -1) == (end >= 0)
        assert score == fst.score[arcs].sum() + (fst.final_score[end] if end >= 0 else 0.0)


@given(graphs(), matrices())
def test_back_from_k2_the_paths_are_the_same(graph, matrix):
    assume(can_end(graph))
    back = k2_to_decoding_graph(to_k2_fsa(graph), graph.words, graph.tokens, graph.column_token, graph.column_names)

    def language(fst):
        found = []
        for path in enumerate_paths(fst, matrix):
            labels = fst.input_label[list(path.arcs)]
            found.append((path.words(fst), labels[labels > 0].tolist(), path.score))
        return sorted(found)

    assert language(back.fst) == language(graph.fst)


def test_a_k2_graph_with_plain_words_is_read():
    fsa = k2.Fsa.from_str("0 1 0 7 -0.5\n1 1 2 0 -1\n1 2 -1 -1 -0.25\n2", acceptor=False)
    graph = toy_graph(FstArrays.from_arcs([], [(0, 0.0)]), num_columns=3, num_words=7)
    read = k2_to_decoding_graph(fsa, graph.words, graph.tokens, graph.column_token, graph.column_names)
    assert read.fst.input_label.tolist() == [1, 3]
    assert read.fst.output_label.tolist() == [7, 0]
    assert read.fst.final_score[1] == -0.25
    with pytest.raises(GraphError, match="output label 7 beyond"):
        k2_to_decoding_graph(fsa, graph.tokens, graph.tokens, graph.column_token, graph.column_names)
    with pytest.raises(GraphError, match="take `fsa_vec"):
        k2_to_decoding_graph(
            k2.create_fsa_vec([fsa]), graph.words, graph.tokens, graph.column_token, graph.column_names
        )


def test_a_graph_that_cannot_end_is_refused():
    fst = FstArrays.from_arcs([(0, 0, 1, 0, 0.0), (0, 1, 2, 0, -np.inf)], [(1, 0.0)])
    with pytest.raises(GraphError, match="no final state can be reached"):
        to_k2(toy_graph(fst))


def test_removal_beyond_the_budget_is_refused():
    # Ten layers of two parallel epsilons: 2 ** 10 paths.
    arcs = [(s, s + 1, 0, 0, -0.25 * k) for s in range(10) for k in range(2)] + [(10, 11, 1, 0, 0.0)]
    graph = toy_graph(FstArrays.from_arcs(arcs, [(11, 0.0)]))
    with pytest.raises(GraphBudgetError, match="needs more than max_arcs=1000 arcs; use engine 'native'"):
        to_k2(graph, max_arcs=1000)
    assert to_k2(graph, max_arcs=3000).fsa.num_arcs == 2**10 + 1


def test_an_epsilon_cycle_is_refused():
    loop = FstArrays.from_arcs([(0, 1, 0, 0, 0.0), (1, 0, 0, 0, 0.0), (1, 2, 1, 0, 0.0)], [(2, 0.0)])
    with pytest.raises(GraphError, match="epsilons form a cycle"):
        to_k2(toy_graph(loop, 1))


def test_a_conversion_is_kept_as_long_as_its_graph():
    graph = toy_graph(PARALLEL)
    assert to_k2(graph) is to_k2(graph)
    assert to_k2(toy_graph(PARALLEL)) is not to_k2(graph)
    assert np.array_equal(to_k2(toy_graph(PARALLEL)).path_arcs, to_k2(graph).path_arcs)
