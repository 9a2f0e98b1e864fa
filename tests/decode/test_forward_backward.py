"""Full sums: total = log-sum over enumerated paths, gradient = posterior, and CTC as torch has it."""

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from fsaasr.core.errors import DecodeError, GraphError, ScoresError
from fsaasr.core.scores import Scores
from fsaasr.decode import forward_backward, forward_backward_batch
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.testing import (
    best_and_total,
    enumerate_paths,
    exact_search,
    linear_ctc_fst,
    random_fst,
    random_matrix,
    toy_graph,
)
from fsaasr.testing.strategies import graphs, matrices


@given(graphs(alive=True), matrices())
def test_total_and_occupancies_are_those_of_all_paths(graph, matrix):
    paths = enumerate_paths(graph.fst, matrix)
    assume(paths)
    total = best_and_total(paths).total
    columns = np.zeros(matrix.shape)
    arcs = np.zeros(graph.fst.num_arcs)
    for path in paths:
        frame = 0
        for arc in path.arcs:
            arcs[arc] += math.exp(path.score - total)
            label = int(graph.fst.input_label[arc])
            if label:
                columns[frame, label - 1] += math.exp(path.score - total)
                frame += 1
    result = forward_backward(graph, matrix)
    assert result.total == pytest.approx(total, abs=1e-9)
    np.testing.assert_allclose(result.arc_occupancy, arcs, atol=1e-9)
    np.testing.assert_allclose(result.column_occupancy, columns, atol=1e-6)
    np.testing.assert_allclose(result.column_occupancy.sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_dense_matrices_over_many_frames(seed):
    rng = np.random.default_rng(seed)
    graph = toy_graph(random_fst(rng, num_states=20, num_arcs=120, num_columns=5), 5)
    matrix = 4 * random_matrix(rng, 50, 5)
    exact = exact_search(graph.fst, matrix)
    result = forward_backward(graph, matrix)
    assert result.total == pytest.approx(exact.total, abs=1e-8)
    np.testing.assert_allclose(result.column_occupancy, exact.occupancy, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_of_the_total_is_the_occupancy(seed):
    rng = np.random.default_rng(seed)
    graph = toy_graph(random_fst(rng, num_states=6, num_arcs=40))
    matrix = random_matrix(rng, 6)
    occupancy = forward_backward(graph, matrix).column_occupancy
    step = 2.0**-7  # exact in float32
    for t, c in np.ndindex(*matrix.shape):
        nudge = np.zeros_like(matrix)
        nudge[t, c] = step
        up, down = (forward_backward(graph, matrix + sign * nudge).total for sign in (1, -1))
        assert (up - down) / (2 * step) == pytest.approx(occupancy[t, c], abs=1e-4)


@pytest.mark.parametrize("columns", [[1], [1, 2, 3], [2, 2], [1, 1, 1, 3, 3], []])
def test_a_linear_ctc_graph_has_the_score_and_gradient_of_torch(columns):
    logits = torch.randn(13, 1, 4, generator=torch.Generator().manual_seed(len(columns)))
    log_probs = logits.log_softmax(-1).requires_grad_()
    loss = torch.nn.functional.ctc_loss(
        log_probs,
        torch.tensor([columns], dtype=torch.long),
        torch.tensor([13]),
        torch.tensor([len(columns)]),
        reduction="sum",
    )
    (gradient,) = torch.autograd.grad(loss, log_probs)
    result = forward_backward(toy_graph(linear_ctc_fst(columns), 4), log_probs.detach().numpy()[:, 0])
    assert -result.total == pytest.approx(loss.item(), abs=1e-4)
    # torch gives the gradient with respect to logits: softmax minus occupancy.
    expected = log_probs.detach().exp().numpy()[:, 0] - gradient.numpy()[:, 0]
    np.testing.assert_allclose(result.column_occupancy, expected, atol=1e-5)


@given(st.lists(st.tuples(graphs(alive=True), matrices(impossible=False)), min_size=1, max_size=3))
def test_batch_and_threads_change_nothing(pairs):
    scores = Scores.from_matrices([matrix for _, matrix in pairs], 0.01)
    together = forward_backward_batch([graph for graph, _ in pairs], scores, threads=2)
    for (graph, matrix), result in zip(pairs, together):
        alone = forward_backward(graph, matrix)
        assert result.total == alone.total
        assert np.array_equal(result.column_occupancy, alone.column_occupancy)
        assert np.array_equal(result.arc_occupancy, alone.arc_occupancy)


def test_scores_far_apart_do_not_underflow():
    # The first label is 5000 nats worse than the second at every frame, but each path must begin with it.
    fst = FstArrays.from_arcs([(0, 0, 1, 0, 0.0), (0, 1, 2, 0, 0.0), (1, 1, 2, 0, 0.0)], [(1, 0.0)])
    matrix = np.array([[-5000.0, -1e30]] + [[-5000.0, 0.0]] * 3, dtype=np.float32)
    result = forward_backward(toy_graph(fst, 2), matrix)
    assert result.total == pytest.approx(-5000.0, abs=1e-9)
    assert result.arc_occupancy.tolist() == pytest.approx([1.0, 1.0, 2.0])


def test_more_labels_than_frames_is_refused_by_name():
    graph = toy_graph(linear_ctc_fst([1, 1, 2]), 3)
    with pytest.raises(DecodeError, match="'u7' has 3 frames, its graph needs at least 4"):
        forward_backward(graph, np.zeros((3, 3)), "u7")


def test_impossible_scores_are_refused():
    graph = toy_graph(linear_ctc_fst([1]), 2)
    with pytest.raises(DecodeError, match="meets a score of -inf"):
        forward_backward(graph, np.full((3, 2), -np.inf))


def test_a_final_state_out_of_reach_is_refused():
    graph = toy_graph(FstArrays.from_arcs([(0, 0, 1, 0, 0.0), (1, 2, 1, 0, 0.0)], [(2, 0.0)]), 1)
    with pytest.raises(DecodeError, match="no path to a final state"):
        forward_backward(graph, [[0.0]])


@pytest.mark.parametrize(
    ("matrix", "message"),
    [(np.zeros((0, 2)), "shape"), (np.zeros(2), "shape"), ([[np.nan, 0.0]], "hold nan"), ([[np.inf, 0.0]], "hold inf")],
)
def test_malformed_scores_are_refused(matrix, message):
    with pytest.raises(ScoresError, match=message):
        forward_backward(toy_graph(linear_ctc_fst([1]), 2), matrix)


def test_an_epsilon_cycle_is_refused():
    loop = FstArrays.from_arcs([(0, 1, 0, 0, 0.0), (1, 0, 0, 0, 0.0), (1, 2, 1, 0, 0.0)], [(2, 0.0)])
    with pytest.raises(GraphError, match="epsilons form a cycle"):
        forward_backward(toy_graph(loop, 1), [[0.0]])


def test_one_graph_for_two_utterances_is_refused():
    scores = Scores.from_matrices([np.zeros((2, 2))] * 2, 0.01)
    with pytest.raises(DecodeError, match="1 graphs for 2 utterances"):
        forward_backward_batch([toy_graph(linear_ctc_fst([1]), 2)], scores)
