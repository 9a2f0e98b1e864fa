"""Confidence of alignments: in 0 .. 1, what all paths one by one say, and blind to what it should be blind to."""

import math

import numpy as np
import pytest

from fsaasr.core.errors import DecodeError
from fsaasr.core.scores import Scores
from fsaasr.decode import align, frame_confidence, viterbi
from fsaasr.graph import TranscriptCompiler, compile_graph, word_loop
from fsaasr.lexicon import Lexicon, OptionalSilence
from fsaasr.testing import best_and_total, enumerate_paths, random_matrix

PRONUNCIATIONS = "a AH\na EY\nat AH T\nto T\n"
LEXICONS = [
    Lexicon.from_text(PRONUNCIATIONS),
    Lexicon.from_text(PRONUNCIATIONS, OptionalSilence("SIL", 0.5)),
]
WORD_START = 2


def places(graph, path):
    """Number of words begun and token, at each frame of a path."""
    words, found = 0, []
    for arc in path:
        label = int(graph.fst.input_label[arc])
        if label:
            words += bool(graph.arc_flags[arc] & WORD_START)
            found.append((words, int(graph.column_token[label - 1])))
    return found


def compiled(lexicon, topology, words):
    return TranscriptCompiler(lexicon, topology).compile(words.split())


@pytest.mark.parametrize("lexicon", LEXICONS, ids=["no silence", "silence"])
@pytest.mark.parametrize("topology", ["ctc", "hmm1", "hmm3"])
@pytest.mark.parametrize("words", ["a", "a a", "at to a"])
def test_posteriors_are_those_of_all_paths_one_by_one(lexicon, topology, words):
    graph = compiled(lexicon, topology, words)
    # As many frames as the longest of hmm3 need, and few enough to enumerate.
    matrix = random_matrix(np.random.default_rng(len(words)), 14 if topology == "hmm3" else 7, graph.num_columns)
    paths = enumerate_paths(graph.fst, matrix)
    total = best_and_total(paths).total
    best = viterbi(graph, matrix)
    taken = places(graph, best.arcs)
    expected = np.zeros(len(matrix))
    for path in paths:
        expected += math.exp(path.score - total) * np.array([a == b for a, b in zip(places(graph, path.arcs), taken)])
    np.testing.assert_allclose(frame_confidence(graph, matrix, best.arcs), expected, atol=1e-6)

    (aligned,) = align([graph], Scores.from_matrices([matrix], 1.0), confidence_scale=1.0)
    for span in (*aligned.words, *aligned.tokens):
        frames = [t for t in range(int(span.start), int(span.end)) if taken[t][1]]
        assert span.confidence == pytest.approx(expected[frames].mean(), abs=1e-6)
        assert 0 <= span.confidence <= 1


def test_nothing_but_confidences_is_added_and_a_smaller_scale_is_less_sure():
    graph = compiled(LEXICONS[1], "hmm1", "at a to")
    scores = Scores.from_matrices([3 * random_matrix(np.random.default_rng(4), 30, graph.num_columns)], 0.01)
    (plain,) = align([graph], scores)
    (sure,) = align([graph], scores, confidence_scale=1.0)
    (unsure,) = align([graph], scores, confidence_scale=0.1)
    for one in (sure, unsure):
        assert [word[:3] for word in one.words] == [word[:3] for word in plain.words]
        assert [token[:3] for token in one.tokens] == [token[:3] for token in plain.tokens]
    assert all(word.confidence is None for word in plain.words)
    assert np.mean([w.confidence for w in unsure.words]) < np.mean([w.confidence for w in sure.words])


def test_one_path_only_is_certain():
    graph = compiled(Lexicon.from_text("to T UW"), "hmm1", "to to")
    scores = Scores.from_matrices([random_matrix(np.random.default_rng(1), 4, graph.num_columns)], 0.01)
    (aligned,) = align([graph], scores, confidence_scale=1.0)
    assert [word.confidence for word in aligned.words] == [1.0, 1.0]
    assert [token.confidence for token in aligned.tokens] == [1.0] * 4


def test_a_graph_of_no_transcript_and_a_scale_of_nothing_are_refused():
    lexicon = LEXICONS[0]
    loop = compile_graph(lexicon, word_loop(lexicon.words), "ctc")
    scores = Scores.from_matrices([random_matrix(np.random.default_rng(1), 5, loop.num_columns)], 0.01, ids=["u7"])
    with pytest.raises(DecodeError, match="graph of utterance 'u7' is no transcript's"):
        align([loop], scores, confidence_scale=1.0)
    with pytest.raises(DecodeError, match="confidence_scale is 0"):
        align([loop], scores, confidence_scale=0)
