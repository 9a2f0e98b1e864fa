"""Kaldi on our exported models: the same transitions, graphs, likelihoods and alignments.

Referees run in their own processes, where kaldi-hmm-gmm and pykaldi are found: see `kaldi_side.kaldi_python`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pynini
import pytest

from fsaasr.decode import align
from fsaasr.features import FeatureBatch
from fsaasr.grammar import estimate_ngram
from fsaasr.graph import TranscriptCompiler, compile_token_graph, find_topology, linear_acceptor, moves, to_openfst
from fsaasr.models import GmmModel
from fsaasr.train import GmmTrainConfig, TiedGmmConfig, TransformConfig, TreeConfig, train_gmm, train_tied_gmm
from tests.models.kaldi.kaldi_side import CLASSES, ITSELF, KaldiSide, best_score, kaldi_python, minimal_acceptor
from tests.train.toy_speech import CONFIG, toy_batch, toy_lexicon

needs_classes = pytest.mark.skipif(kaldi_python() is None, reason="kaldi-hmm-gmm is not installed; see KALDI_PYTHON")
needs_kaldi = pytest.mark.skipif(kaldi_python(ITSELF) is None, reason="pykaldi is not installed; see PYKALDI_PYTHON")
by_both = pytest.mark.parametrize(
    "referee",
    [
        pytest.param(CLASSES, marks=needs_classes, id="classes"),
        pytest.param(ITSELF, marks=needs_kaldi, id="itself"),
    ],
)

LEXICON = toy_lexicon()
BATCH = toy_batch(60, noise=0.5, frames=4)
PLAIN = GmmTrainConfig(iterations=4, gaussians=30, growth_end=2, split_min_count=5.0)
TIED = GmmTrainConfig(method="viterbi", iterations=4, gaussians=60, growth_end=2, split_min_count=5.0)


def alignments_of(model: GmmModel, batch: FeatureBatch):
    compiler = TranscriptCompiler(LEXICON, model.topology, model.tokens, model.transitions)
    return align([compiler.compile(text.split()) for text in batch.texts], model.scores(batch))


def trained(kind: str) -> GmmModel:
    silence = "silence5" if "silence5" in kind else ""
    plain = train_gmm(BATCH, LEXICON, CONFIG, replace(PLAIN, silence=silence)).model
    if "tied" not in kind:
        return plain
    columns = find_topology(plain.topology).columns(LEXICON.tokens)
    transform = TransformConfig(context=1, dimensions=6) if "transform" in kind else None
    config = TiedGmmConfig(TreeConfig(leaves=40, min_frames=10.0), replace(TIED, silence=silence), transform)
    return train_tied_gmm(BATCH, alignments_of(plain, BATCH), columns, LEXICON, CONFIG, config).model


@pytest.fixture(scope="module", params=["plain", "silence5", "tied", "tied-silence5", "tied-transform"])
def model(request: pytest.FixtureRequest) -> GmmModel:
    return trained(request.param)


def seen(model: GmmModel, batch: FeatureBatch) -> list[np.ndarray]:
    """What the mixtures see of features; Kaldi transforms them by a program of its own."""
    transform = model.transform
    return [matrix if transform is None else transform.apply(matrix) for matrix in batch.matrices]


@by_both
def test_transition_ids_are_the_columns_transitions(model: GmmModel, tmp_path: Path, referee: str) -> None:
    kaldi = KaldiSide(tmp_path, model, referee)
    kaldi.run()
    topology = find_topology(model.topology)
    columns, table = topology.columns(model.tokens), moves(topology, model.tokens)
    ours = [
        (int(columns.token[c]), c, bool(table.target[c, w] == columns.state[c]), float(model.transitions[c, w]))
        for c in range(len(columns.names))
        for w in np.flatnonzero(table.exist[c])
    ]
    theirs = kaldi.read("transitions.json")
    assert [tuple(row[:3]) for row in sorted(theirs)] == [row[:3] for row in sorted(ours)]
    np.testing.assert_allclose([row[3] for row in sorted(theirs)], [row[3] for row in sorted(ours)], atol=1e-5)


@by_both
def test_log_likelihoods_are_kaldis(model: GmmModel, tmp_path: Path, referee: str) -> None:
    unseen = toy_batch(3, seed=5)
    kaldi = KaldiSide(tmp_path, model, referee)
    kaldi.likelihoods(seen(model, unseen))
    kaldi.run()
    ours = model.scores(unseen)
    for k, theirs in enumerate(kaldi.found_likelihoods().values()):
        np.testing.assert_allclose(ours.utterance(k), theirs, atol=1e-3)


@by_both
def test_alignments_are_kaldis_frame_by_frame(model: GmmModel, tmp_path: Path, referee: str) -> None:
    unseen = toy_batch(20, seed=6, noise=1.0, frames=5)
    kaldi = KaldiSide(tmp_path, model, referee)
    kaldi.align(LEXICON, unseen.texts, seen(model, unseen))
    kaldi.run()
    for ours, theirs, text in zip(alignments_of(model, unseen), kaldi.read("aligned.json"), unseen.texts):
        assert list(ours.columns) == theirs["pdfs"]
        assert [LEXICON.words.name(word) for word in theirs["words"]] == text.split()
        assert ours.score == pytest.approx(theirs["total"], abs=0.02)


def random_pair(fst, rng: np.random.Generator, length: int = 60):
    """(inputs, outputs) of a random walk that happens to end in a final state."""
    while True:
        state, inputs, outputs = fst.start(), [], []
        for _ in range(length):
            if float(fst.final(state)) < np.inf and rng.random() < 0.3:
                return inputs, outputs
            arcs = list(fst.arcs(state))
            if not arcs:
                break
            arc = arcs[int(rng.integers(len(arcs)))]
            inputs += [arc.ilabel] * (arc.ilabel > 0)
            outputs += [arc.olabel] * (arc.olabel > 0)
            state = arc.nextstate


@needs_classes
def test_graphs_have_the_pairs_and_scores_of_kaldis(model: GmmModel, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = LEXICON.words.names[1:]
    sentences = [list(rng.choice(words, size=rng.integers(1, 5))) for _ in range(20)]
    grammar = estimate_ngram(sentences, 2, extra_words=words)
    tokens = compile_token_graph(LEXICON, grammar, model.topology, transitions=model.transitions)
    kaldi = KaldiSide(tmp_path, model)
    kaldi.graph(tokens)
    kaldi.run()
    ours, theirs = to_openfst(tokens.expand().fst), kaldi.found_graph()
    for fst in (ours, theirs):
        for _ in range(10):
            inputs, outputs = random_pair(fst, rng)
            expected = best_score(theirs, inputs, outputs)
            assert expected is not None
            assert best_score(ours, inputs, outputs) == pytest.approx(expected, abs=2e-3 * (1 + len(inputs)))


@needs_classes
def test_a_sentence_has_the_minimal_graph_of_kaldis(model: GmmModel, tmp_path: Path) -> None:
    sentence = [LEXICON.words[word] for word in ("yes", "no", "us")]
    tokens = compile_token_graph(LEXICON, linear_acceptor(sentence), model.topology, transitions=model.transitions)
    kaldi = KaldiSide(tmp_path, model)
    kaldi.graph(tokens)
    kaldi.run()
    ours, theirs = map(minimal_acceptor, (to_openfst(tokens.expand().fst), kaldi.found_graph()))
    assert ours.num_states() > 20
    assert pynini.isomorphic(ours, theirs)
