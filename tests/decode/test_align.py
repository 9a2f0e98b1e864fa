"""Forced alignment: the best of all paths, read out with times."""

import numpy as np
import pytest
from hypothesis import assume, given

from fsaasr.core.errors import DecodeError
from fsaasr.core.scores import Scores
from fsaasr.decode import align, viterbi
from fsaasr.testing import (
    best_and_total,
    enumerate_paths,
    exact_search,
    linear_ctc_flags,
    linear_ctc_fst,
    random_fst,
    random_matrix,
    toy_graph,
)
from fsaasr.testing.strategies import graphs, matrices


@given(graphs(alive=True), matrices())
def test_the_best_path_is_one_of_the_best(graph, matrix):
    paths = {path.arcs: path.score for path in enumerate_paths(graph.fst, matrix)}
    assume(paths)
    best = viterbi(graph, matrix)
    assert best.score == max(paths.values())
    assert paths[tuple(best.arcs.tolist())] == best.score


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_dense_matrices_over_many_frames(seed):
    rng = np.random.default_rng(seed)
    graph = toy_graph(random_fst(rng, num_states=20, num_arcs=120, num_columns=5), 5)
    matrix = random_matrix(rng, 60, 5)
    assert viterbi(graph, matrix).score == pytest.approx(exact_search(graph.fst, matrix).best, abs=1e-9)


def peaky(columns, num_columns=3):
    matrix = np.full((len(columns), num_columns), -4.0, dtype=np.float32)
    matrix[np.arange(len(columns)), columns] = -0.25
    return matrix


def ctc_graph(columns):
    fst = linear_ctc_fst(columns)
    return toy_graph(fst, 3, arc_flags=linear_ctc_flags(fst))


def test_tokens_last_from_their_first_frame_to_blank_or_the_next_token():
    frames = [0, 1, 1, 2, 0, 2, 0]
    (hypothesis,) = align([ctc_graph([1, 2, 2])], Scores.from_matrices([peaky(frames)], 0.5))
    assert hypothesis.columns == tuple(frames)
    found = [(token.name, token.start, token.end) for token in hypothesis.tokens]
    assert found == [("a", 0.5, 1.5), ("b", 1.5, 2.0), ("b", 2.5, 3.0)]
    assert hypothesis.acoustic_score == -0.25 * 7
    assert hypothesis.graph_score == 0.0


def test_each_utterance_goes_through_its_own_graph():
    scores = Scores.from_matrices([peaky([1, 2]), peaky([2, 0, 1])], 0.01)
    first, second = align([ctc_graph([1, 2]), ctc_graph([2, 1])], scores, threads=2)
    assert (first.columns, second.columns) == ((1, 2), (2, 0, 1))


@given(graphs(alive=True), matrices(impossible=False), matrices(impossible=False))
def test_batch_equals_single(graph, first, second):
    together = align([graph, graph], Scores.from_matrices([first, second], 0.01, ids=["a", "b"]))
    alone = [align([graph], Scores.from_matrices([m], 0.01, ids=[i]))[0] for m, i in ((first, "a"), (second, "b"))]
    assert together == alone
    assert together[0].score == best_and_total(enumerate_paths(graph.fst, first)).best


def test_too_few_frames_for_a_repeated_label_names_the_utterance():
    scores = Scores.from_matrices([peaky([1, 0, 1]), peaky([1, 1])], 0.01, ids=["long", "short"])
    with pytest.raises(DecodeError, match="utterance 'short' has 2 frames, its graph needs at least 3"):
        align([ctc_graph([1, 1])] * 2, scores)
