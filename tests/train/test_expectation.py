"""Expectation steps against enumeration of every alignment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.errors import DecodeError, GraphError
from fsaasr.decode import forward_backward
from fsaasr.graph import TOKEN_START, TOPOLOGIES, Topology, TranscriptCompiler, moves
from fsaasr.lexicon import Lexicon, OptionalSilence
from fsaasr.models.diag_gmm import DiagGmm
from fsaasr.testing import best_and_total, enumerate_paths
from fsaasr.train.expectation import HmmUtterance, best_path, expectation, full_sum, hmm_utterances
from fsaasr.train.hmm_graphs import TrainingGraph
from tests.train.toy_speech import toy_batch, toy_lexicon
from tests.transitions import random_transitions

SILENCE5 = TOPOLOGIES["hmm3"].with_tokens(TOPOLOGIES["silence5"], ["SIL"])


def one_utterance(
    lexicon: Lexicon, text: str, topology: Topology, frames: int, seed: int
) -> tuple[HmmUtterance, np.ndarray]:
    graph = TrainingGraph(TranscriptCompiler(lexicon, topology).compile(text.split()), moves(topology, lexicon.tokens))
    scores = np.random.default_rng(seed).normal(size=(frames, graph.graph.num_columns)).astype(np.float32)
    return HmmUtterance("u", np.zeros((frames, 1), np.float32), graph), scores


CASES = [
    ("a A\na B A\nb B\n", "a b", "hmm1", 5),
    ("a A A\nb A\n", "a b a", "hmm1", 6),
    ("a A\nb B\n", "a", "hmm3", 7),
    ("a A\nb B\n", "a", "silence5", 6),
]
HMM3 = random_transitions(TOPOLOGIES["hmm3"], toy_lexicon().tokens, np.random.default_rng(1))


@pytest.mark.parametrize(("text", "words", "topology", "frames"), CASES)
@pytest.mark.parametrize("silence", [None, OptionalSilence("SIL", 0.25)])
def test_full_sum_equals_enumeration(
    text: str, words: str, topology: str, frames: int, silence: OptionalSilence | None
) -> None:
    lexicon = Lexicon.from_text(text, silence)
    spelled = TOPOLOGIES[topology]
    utterance, scores = one_utterance(lexicon, words, spelled, frames, seed=1)
    transitions = random_transitions(spelled, lexicon.tokens, np.random.default_rng(2))
    # Compiled with the transitions in their declared places, and walked path by path.
    graph = TranscriptCompiler(lexicon, topology, transitions=transitions).compile(words.split())
    paths = enumerate_paths(graph.fst, scores)
    total = best_and_total(paths).total
    columns = np.zeros_like(scores, dtype=np.float64)
    known = moves(spelled, lexicon.tokens)
    counts = np.zeros(transitions.shape)
    for path in paths:
        share = np.exp(path.score - total)
        emitting = [arc for arc in path.arcs if graph.fst.input_label[arc]]
        visited = [graph.fst.input_label[arc] - 1 for arc in emitting]
        begins = [*(graph.arc_flags[arc] & TOKEN_START > 0 for arc in emitting[1:]), True]
        for frame, (column, after, ends) in enumerate(zip(visited, [*visited[1:], 0], begins)):
            columns[frame, column] += share
            counts[column, known.target[column].tolist().index(0 if ends else known.state[after])] += share
    result = full_sum(utterance, transitions, scores)
    assert result.total == pytest.approx(total, abs=1e-5)
    np.testing.assert_allclose(result.columns, columns, atol=1e-5)
    np.testing.assert_allclose(result.moves, counts, atol=1e-5)


@pytest.mark.parametrize(("text", "words", "topology", "frames"), CASES)
def test_viterbi_is_the_best_of_all_alignments(text: str, words: str, topology: str, frames: int) -> None:
    lexicon = Lexicon.from_text(text, OptionalSilence("SIL", 0.25))
    utterance, scores = one_utterance(lexicon, words, TOPOLOGIES[topology], frames, seed=3)
    transitions = random_transitions(TOPOLOGIES[topology], lexicon.tokens, np.random.default_rng(4))
    graph = TranscriptCompiler(lexicon, topology, transitions=transitions).compile(words.split())
    best = max(enumerate_paths(graph.fst, scores), key=lambda path: path.score)
    columns = [graph.fst.input_label[arc] - 1 for arc in best.arcs if graph.fst.input_label[arc]]
    result = best_path(utterance, transitions, scores)
    assert result.total == pytest.approx(best.score, abs=1e-5)
    assert result.columns.argmax(axis=1).tolist() == columns
    assert result.columns.sum() == len(scores)
    assert result.moves.sum() == len(scores)


def test_sharp_scores_make_both_methods_agree() -> None:
    lexicon, topology = Lexicon.from_text("a A\nb B\n"), TOPOLOGIES["hmm1"]
    utterance, scores = one_utterance(lexicon, "a b", topology, 6, seed=5)
    transitions = random_transitions(topology, lexicon.tokens, np.random.default_rng(6))
    soft, hard = (method(utterance, transitions, scores * 100) for method in (full_sum, best_path))
    assert hard.total <= soft.total == pytest.approx(hard.total, abs=1e-3)
    np.testing.assert_allclose(soft.columns, hard.columns, atol=1e-3)
    np.testing.assert_allclose(soft.moves, hard.moves, atol=1e-3)


@pytest.mark.parametrize(
    "topology", [*(known for known in TOPOLOGIES.values() if known.has_transitions), SILENCE5], ids=lambda t: t.name
)
def test_transitions_given_quickly_score_as_compiled_ones(topology: Topology) -> None:
    lexicon = toy_lexicon()
    batch = toy_batch(4)
    transitions = random_transitions(topology, lexicon.tokens, np.random.default_rng(7))
    compiled = TranscriptCompiler(lexicon, topology, transitions=transitions)
    rng = np.random.default_rng(8)
    for utterance, text in zip(hmm_utterances(batch, lexicon, topology), batch.texts):
        scores = rng.normal(size=(len(utterance.matrix), len(transitions))).astype(np.float32)
        quick = forward_backward(utterance.graph.with_transitions(transitions), scores).total
        assert quick == pytest.approx(forward_backward(compiled.compile(text.split()), scores).total, abs=1e-4)


@pytest.mark.parametrize("method", ["full-sum", "viterbi"])
def test_counts_add_up_to_the_frames(method: str) -> None:
    lexicon = toy_lexicon()
    batch = toy_batch(6)
    rng = np.random.default_rng(0)
    columns = 3 * (len(lexicon.tokens) - 1)
    gmm = DiagGmm(np.ones(columns), rng.normal(size=(columns, 4)), np.ones((columns, 4)), np.arange(columns + 1))
    statistics = expectation(gmm, HMM3, hmm_utterances(batch, lexicon, "hmm3"), method)
    frames = sum(map(len, batch.matrices))
    assert statistics.frames == frames
    assert statistics.occupancy.sum() == pytest.approx(frames, rel=1e-4)
    assert statistics.moves.sum() == pytest.approx(frames, rel=1e-4)


def test_threads_change_nothing() -> None:
    lexicon = toy_lexicon()
    utterances = hmm_utterances(toy_batch(300), lexicon, "hmm3")
    columns = 3 * (len(lexicon.tokens) - 1)
    rng = np.random.default_rng(0)
    gmm = DiagGmm(np.ones(columns), rng.normal(size=(columns, 4)), np.ones((columns, 4)), np.arange(columns + 1))
    one, three = (expectation(gmm, HMM3, utterances, "full-sum", n) for n in (1, 3))
    assert sum(len(utterance.matrix) for utterance in utterances) > 8192, "one chunk alone would prove nothing"
    assert one.total == three.total
    np.testing.assert_array_equal(one.second, three.second)


def test_bad_utterances_are_named() -> None:
    lexicon = toy_lexicon()
    batch = toy_batch(2)
    with pytest.raises(GraphError, match="'toy-0' has words that the lexicon lacks: perhaps"):
        hmm_utterances(replace(batch, texts=("perhaps", "no")), lexicon, "hmm3")
    short = replace(batch, matrices=(batch.matrices[0], batch.matrices[1][:4]))
    columns = 3 * (len(lexicon.tokens) - 1)
    gmm = DiagGmm(np.ones(columns), np.zeros((columns, 4)), np.ones((columns, 4)), np.arange(columns + 1))
    with pytest.raises(DecodeError, match="toy-1"):
        expectation(gmm, HMM3, hmm_utterances(short, lexicon, "hmm3"), "full-sum")
