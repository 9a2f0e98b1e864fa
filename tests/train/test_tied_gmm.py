"""Training of tied states: what the context of toy speech is like is found, and models keep their tree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.errors import ModelError, TrainingError
from fsaasr.decode import align, decode
from fsaasr.features import FeatureBatch
from fsaasr.graph import TOPOLOGIES, TranscriptCompiler, compile_graph, parse_topology, word_loop
from fsaasr.models import load_model, save_graph, save_model
from fsaasr.train import (
    GmmTrainConfig,
    GmmTraining,
    TiedGmmConfig,
    TransformConfig,
    TreeConfig,
    train_gmm,
    train_tied_gmm,
)
from tests.train.toy_speech import CONFIG, toy_batch, toy_lexicon

LEXICON = toy_lexicon()
PLAIN = GmmTrainConfig(iterations=4, gaussians=18, growth_end=0)
TIED = GmmTrainConfig(method="viterbi", realign_every=2, iterations=6, gaussians=30, growth_end=2, split_min_count=5.0)
TREE = TreeConfig(leaves=30, min_frames=10.0)


def coloured(count: int, seed: int) -> FeatureBatch:
    """Toy speech in which a phone after S sounds different: its first third is moved."""
    batch = toy_batch(count, seed, noise=0.3, frames=4)
    started = train_gmm(batch, LEXICON, CONFIG, PLAIN)
    moved = []
    for matrix, hypothesis in zip(batch.matrices, alignments_of(started, batch)):
        matrix = matrix.copy()
        for before, span in zip(hypothesis.tokens, hypothesis.tokens[1:]):
            first, last = (round(time / batch.frame_shift) for time in (span.start, span.end))
            if before.name == "S":
                matrix[first : first + (last - first + 2) // 3] += 6.0
        moved.append(matrix)
    return replace(batch, matrices=tuple(moved))


def alignments_of(training: GmmTraining, batch: FeatureBatch):
    model = training.model
    compiler = TranscriptCompiler(LEXICON, model.topology, model.tokens, model.transitions)
    return align([compiler.compile(text.split()) for text in batch.texts], model.scores(batch))


@pytest.fixture(scope="module")
def trained() -> tuple[FeatureBatch, GmmTraining, GmmTraining]:
    batch = coloured(60, 0)
    plain = train_gmm(batch, LEXICON, CONFIG, replace(PLAIN, iterations=8))
    columns = TOPOLOGIES["hmm3"].columns(LEXICON.tokens)
    return (
        batch,
        plain,
        train_tied_gmm(batch, alignments_of(plain, batch), columns, LEXICON, CONFIG, TiedGmmConfig(TREE, TIED)),
    )


def test_the_tree_asks_for_what_colours_the_speech(trained) -> None:
    tree = trained[2].model.topology.tree
    asked = {LEXICON.tokens.names[1:][n]: root for n, (root, *_) in enumerate(tree.roots)}
    # OW after S begins otherwise than OW after N.
    assert "S" in asked["OW"].tokens or "N" in asked["OW"].tokens
    assert asked["OW"].side == "left"
    assert all(size == 1 for size in tree.sizes[LEXICON.tokens["SIL"] - 1])


def test_context_explains_the_data_better(trained) -> None:
    _, plain, tied = trained
    assert tied.history[-1]["log_likelihood"] > plain.history[-1]["log_likelihood"] + 0.1
    assert tied.history[-1]["gaussians"] == 30


def test_unseen_utterances_are_recognized_and_scored_alike_after_loading(trained, tmp_path: Path) -> None:
    model = trained[2].model
    test = coloured(12, 1)
    save_model(model, tmp_path, LEXICON)
    loaded = load_model(tmp_path)
    assert loaded.topology == model.topology
    np.testing.assert_array_equal(loaded.scores(test).log_probs, model.scores(test).log_probs)
    graph = compile_graph(LEXICON, word_loop(LEXICON.words), loaded.topology, transitions=loaded.transitions)
    save_graph(graph, tmp_path, loaded)
    texts = [
        " ".join(word.name for word in lattice.best_path().words) for lattice in decode(graph, loaded.scores(test))
    ]
    assert sum(one == other for one, other in zip(texts, test.texts)) >= 10
    with pytest.raises(ModelError, match="'hmm3' graph"):
        save_graph(compile_graph(LEXICON, word_loop(LEXICON.words), "hmm3"), tmp_path, loaded)


def test_a_tied_model_can_be_the_start_of_another(trained) -> None:
    batch, _, tied = trained
    columns = tied.model.topology.columns(LEXICON.tokens)
    again = train_tied_gmm(batch, alignments_of(tied, batch), columns, LEXICON, CONFIG, TiedGmmConfig(TREE, TIED))
    assert again.history[-1]["log_likelihood"] == pytest.approx(tied.history[-1]["log_likelihood"], abs=0.5)


@pytest.mark.parametrize("method", ["full-sum", "viterbi"])
def test_a_silence_of_five_states_is_tied_with_speech_of_three(trained, method: str) -> None:
    batch = trained[0]
    plain = train_gmm(batch, LEXICON, CONFIG, replace(PLAIN, silence="silence5"))
    columns = plain.model.topology.columns(LEXICON.tokens)
    passes = replace(TIED, silence="silence5", method=method, realign_every=1)
    tied = train_tied_gmm(batch, alignments_of(plain, batch), columns, LEXICON, CONFIG, TiedGmmConfig(TREE, passes))
    tree = tied.model.topology.tree
    assert [len(roots) for roots in tree.roots] == [5 if name == "SIL" else 3 for name in tree.tokens]
    assert tied.model.transitions.shape == (tree.num_columns, 4)
    np.testing.assert_allclose(np.exp(tied.model.transitions).sum(axis=1), 1.0, rtol=1e-5)
    assert tied.history[-1]["log_likelihood"] > tied.history[0]["log_likelihood"]
    spans = alignments_of(tied, batch)[0].tokens
    assert spans[0].name == "SIL"
    assert parse_topology(tied.model.topology.name, tied.model.topology.to_text()) == tied.model.topology


def test_alignments_that_do_not_fit_are_refused(trained) -> None:
    batch, plain, _ = trained
    found = alignments_of(plain, batch)
    columns = TOPOLOGIES["hmm3"].columns(LEXICON.tokens)
    with pytest.raises(TrainingError, match="alignments of 59 utterances for 60"):
        train_tied_gmm(batch, found[:-1], columns, LEXICON, CONFIG, TiedGmmConfig(TREE, TIED))
    with pytest.raises(TrainingError, match="3 states of token 1 for a topology of 1"):
        train_tied_gmm(batch, found, columns, LEXICON, CONFIG, TiedGmmConfig(TREE, replace(TIED, topology="hmm1")))


def test_a_transform_is_estimated_and_kept_with_the_model(trained, tmp_path: Path) -> None:
    batch, plain, _ = trained
    columns = TOPOLOGIES["hmm3"].columns(LEXICON.tokens)
    config = TiedGmmConfig(TREE, TIED, TransformConfig(context=1, dimensions=6))
    model = train_tied_gmm(batch, alignments_of(plain, batch), columns, LEXICON, CONFIG, config).model
    assert model.transform.matrix.shape == (6, 12)
    assert model.gmm.dimension == 6
    save_model(model, tmp_path, LEXICON)
    loaded = load_model(tmp_path)
    np.testing.assert_array_equal(loaded.scores(batch).log_probs, model.scores(batch).log_probs)
    expected = model.gmm.log_likelihoods(model.transform.apply(batch.matrices[0]))
    np.testing.assert_allclose(loaded.scores(batch).utterance(0), expected, atol=1e-4)
    graph = compile_graph(LEXICON, word_loop(LEXICON.words), model.topology, transitions=model.transitions)
    test = coloured(12, 1)
    texts = [" ".join(word.name for word in lattice.best_path().words) for lattice in decode(graph, model.scores(test))]
    assert sum(one == other for one, other in zip(texts, test.texts)) >= 10
    with pytest.raises(ModelError, match="mixtures over 6 features, but 4 are configured"):
        replace(model, transform=None)
