"""The n best word sequences against all paths of the graph, grouped by their words."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import LatticeError
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.lattice import best_path, nbest
from fsaasr.testing import enumerate_paths, random_fst, toy_graph
from fsaasr.testing.strategies import graphs, matrices

quarters = st.integers(0, 8).map(lambda n: n / 4)
penalties = st.integers(-4, 4).map(lambda n: n / 4)
PATHS = (graphs(alive=True), matrices(impossible=False))
ALL = 10**6


def all_paths(graph, matrix, beam=math.inf):
    (lattice,) = decode(graph, Scores.from_matrices([matrix], 0.01), SearchOptions(lattice_beam=beam))
    return lattice


def labels(graph, hypothesis):
    return tuple(graph.words.names.index(word.name) for word in hypothesis.words)


def scaled(hypothesis, acoustic_scale=1.0, lm_scale=1.0, penalty=0.0):
    split = acoustic_scale * hypothesis.acoustic_score + lm_scale * hypothesis.graph_score
    return split - penalty * len(hypothesis.words)


def ranked(graph, matrix, acoustic_scale=1.0, lm_scale=1.0, penalty=0.0):
    """(score, words) of every word sequence of the graph, best first, then by labels."""
    best = {}
    for path in enumerate_paths(graph.fst, matrix):
        inputs = [int(graph.fst.input_label[arc]) for arc in path.arcs]
        acoustic = sum(float(row[label - 1]) for row, label in zip(matrix, [label for label in inputs if label]))
        words = path.words(graph.fst)
        score = acoustic_scale * acoustic + lm_scale * (path.score - acoustic) - penalty * len(words)
        best[words] = max(score, best.get(words, -math.inf))
    return [(score, words) for score, words in sorted((-score, words) for words, score in best.items())]


@given(*PATHS, st.sampled_from([1, 2, 5, ALL]), quarters, quarters, penalties)
def test_it_is_the_head_of_all_word_sequences_by_score(graph, matrix, n, acoustic_scale, lm_scale, penalty):
    scales = (acoustic_scale, lm_scale, penalty)
    found = nbest(all_paths(graph, matrix), n, *scales)
    expected = [(-score, words) for score, words in ranked(graph, matrix, *scales)[:n]]
    assert [(scaled(hypothesis, *scales), labels(graph, hypothesis)) for hypothesis in found] == expected


@pytest.mark.parametrize("seed", range(20))
def test_it_is_so_over_many_words_and_random_scores(seed):
    rng = np.random.default_rng(seed)
    graph = toy_graph(random_fst(rng, num_states=4, num_arcs=12))
    matrix = rng.normal(size=(5, 3)).astype(np.float32)
    expected = ranked(graph, matrix)
    found = nbest(all_paths(graph, matrix), ALL) if expected else []
    assert [labels(graph, hypothesis) for hypothesis in found] == [words for _, words in expected]
    assert np.allclose([scaled(hypothesis) for hypothesis in found], [-score for score, _ in expected], atol=1e-9)


@given(*PATHS, quarters, quarters, penalties)
def test_the_first_is_the_best_path(graph, matrix, acoustic_scale, lm_scale, penalty):
    lattice = all_paths(graph, matrix)
    scales = (acoustic_scale, lm_scale, penalty)
    best, found = best_path(lattice, *scales), nbest(lattice, 2, *scales)
    assert scaled(found[0], *scales) == scaled(best, *scales)
    if len(found) == 1 or scaled(found[1], *scales) < scaled(found[0], *scales):
        assert found[0] == best


@given(*PATHS)
def test_each_comes_with_a_best_alignment(graph, matrix):
    for hypothesis in nbest(all_paths(graph, matrix), 8):
        words = labels(graph, hypothesis)
        alike = [path for path in enumerate_paths(graph.fst, matrix) if path.words(graph.fst) == words]
        best = max(path.score for path in alike)
        columns = [
            tuple(int(label) - 1 for label in graph.fst.input_label[list(path.arcs)] if label)
            for path in alike
            if path.score == best
        ]
        assert hypothesis.columns in columns
        assert hypothesis.score == best


@given(graphs(), matrices(), st.sampled_from([0.0, 1.0, 3.0]))
def test_a_shorter_list_is_the_head_of_a_longer_one_also_where_the_search_was_cut_short(graph, matrix, beam):
    lattice = all_paths(graph, matrix, beam)
    longest = nbest(lattice, ALL)
    assert len({labels(graph, hypothesis) for hypothesis in longest}) == len(longest) >= 1
    assert all(hypothesis.reached_final == lattice.reached_final for hypothesis in longest)
    for n in range(1, min(len(longest), 6)):
        assert nbest(lattice, n) == longest[:n]


@given(*PATHS, st.integers(1, 8).map(lambda n: n / 4))
def test_a_common_scale_changes_nothing(graph, matrix, scale):
    lattice = all_paths(graph, matrix)
    assert nbest(lattice, 5, scale, scale) == nbest(lattice, 5)


def test_alignments_of_one_sequence_are_one_entry():
    # Word 1 at any of four frames, in 4 paths; no word at all is worse by 3.
    fst = FstArrays.from_arcs([(0, 0, 1, 0, 0.0), (0, 1, 2, 1, -1.0), (1, 1, 1, 0, 0.0)], [(0, -4.0), (1, 0.0)])
    found = all_paths(toy_graph(fst), np.zeros((4, 3), dtype=np.float32)).nbest(9)
    assert [(hypothesis.text, hypothesis.score) for hypothesis in found] == [("w1", -1.0), ("", -4.0)]


def test_equal_scores_come_in_the_order_of_their_labels():
    arcs = [(0, 1, 1, word, 0.0) for word in (3, 1, 0, 2)] + [(1, 2, 1, word, 0.0) for word in (2, 0)]
    found = all_paths(toy_graph(FstArrays.from_arcs(arcs, [(2, 0.0)])), np.zeros((2, 3), dtype=np.float32)).nbest(9)
    assert [hypothesis.text for hypothesis in found] == ["", "w1", "w1 w2", "w2", "w2 w2", "w3", "w3 w2"]


def test_a_long_lattice_with_very_many_sequences():
    # Two words a frame, the second worse by 1 in frame 7 and by 2 elsewhere: 2^300 sequences.
    graph = toy_graph(FstArrays.from_arcs([(0, 0, 1, 1, 0.0), (0, 0, 2, 2, 0.0)], [(0, 0.0)]))
    matrix = np.tile(np.array([0.0, -2.0, -9.0], dtype=np.float32), (300, 1))
    matrix[7, 1] = -1.0
    found = all_paths(graph, matrix, 3.0).nbest(20)
    assert [hypothesis.score for hypothesis in found] == [0.0, -1.0, *[-2.0] * 18]
    assert found[1].words[7].name == "w2"
    assert (found[1].words[7].start, found[1].words[7].end) == (0.07, 0.08)


def test_bad_requests_are_refused():
    lattice = all_paths(toy_graph(random_fst(np.random.default_rng(5), num_arcs=40)), np.zeros((3, 3)))
    for n in (0, -1):
        with pytest.raises(LatticeError, match=f"nbest: n is {n}, expected .* >= 1"):
            nbest(lattice, n)
    with pytest.raises(LatticeError, match=r"lm_scale -0.5"):
        lattice.nbest(1, lm_scale=-0.5)
