"""Language models that join the search of a transducer within a graph, its internal one among them."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from typing import Optional

import numpy as np
import pytest
import torch

from fsaasr.core.errors import ConfigError, GrammarError
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode.fusion import Fusion
from fsaasr.decode.token_lm import NgramTokenLm
from fsaasr.decode.transducer import search_on_graph
from fsaasr.decode.transducer.internal_lm import InternalTokenLm
from fsaasr.decode.transducer.lattices import transducer_lattices
from fsaasr.decode.transducer.streaming import TransducerDecoder
from fsaasr.grammar import NgramModel, estimate_ngram
from fsaasr.graph import compile_token_graph, word_loop
from fsaasr.lattice import check
from fsaasr.lattice.lattice import Lattice
from fsaasr.testing import random_fst
from tests.decode.transducer.test_graph_search import BOTH, TOKENS, WIDE, graph_paths, token_graph
from tests.decode.transducer.test_streaming import ENCODERS, LEXICON, OPTIONS, batch, streaming_model
from tests.decode.transducer.toy_model import (
    ToyModel,
    alignments,
    log_prob_table,
    log_sum,
    sequences,
    toy_frames,
    toy_model,
)

ALL = replace(WIDE, max_contexts=10**6)


def ngrams(order: int) -> NgramModel:
    return estimate_ngram([list("abba"), list("aab"), list("b"), list("bbab")], order)


def token_lm(order: int = 3) -> NgramTokenLm:
    return NgramTokenLm(ngrams(order), SymbolTable(["a", "b"]))


def own_lm(model: ToyModel) -> InternalTokenLm:
    return InternalTokenLm(model, torch.zeros(1, 8))


def searched(
    model: ToyModel, fusion: Fusion, *frames: torch.Tensor, seed: int = 0, scale: float = 1.0, topology: str = "regular"
) -> list[Lattice]:
    graph = token_graph(random_fst(np.random.default_rng(seed), num_states=4, num_arcs=14, num_columns=TOKENS))
    options, ids = replace(ALL, acoustic_scale=scale), [f"u{n}" for n in range(len(frames))]
    return search_on_graph(model, graph, list(frames), ids, 0.04, options, topology, fusion)


def fused_score(model: ToyModel, labels: tuple[int, ...], ngram_scale: float, internal_scale: float) -> float:
    """What n-gram and internal language model add, by their definitions."""
    words = ["-ab"[label] for label in labels]
    total = ngram_scale * float(ngrams(3).log10_prob(words).sum()) * math.log(10.0)
    for place, label in enumerate(labels):
        vector = model.predict(labels[:place])[-1:]
        probs = model.log_probs(torch.zeros(1, 8), vector).double().exp().numpy()[0]
        total += internal_scale * math.log(probs[label] / probs[1:].sum())
    return total


@pytest.mark.parametrize("context", [None, 1, 2])
@pytest.mark.parametrize("topology", BOTH)
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_wide_search_is_exact(topology: str, context: Optional[int], scale: float) -> None:
    complete = 0
    for seed in range(4):
        model, (frames,) = toy_model(context, tokens=TOKENS, seed=seed), toy_frames(4, seed=seed)
        fusion = Fusion([(token_lm(), 0.5), (own_lm(model), -0.25)])
        (lattice,) = searched(model, fusion, frames, seed=seed, scale=scale, topology=topology)
        check(lattice)
        fst = random_fst(np.random.default_rng(seed), num_states=4, num_arcs=14, num_columns=TOKENS)
        expected: dict[tuple[int, ...], list[float]] = defaultdict(list)
        for labels in sequences(TOKENS, len(frames)):
            added = fused_score(model, labels, 0.5, -0.25)
            for score, _ in alignments(scale * log_prob_table(model, frames, labels), labels, topology, 1):
                for graph_score, words in graph_paths(fst, labels):
                    expected[words].append(score + graph_score + added)
        if not expected:
            assert not lattice.reached_final
            continue
        complete += 1
        every = [score for scores in expected.values() for score in scores]
        assert lattice.total_score() == pytest.approx(log_sum(every), abs=1e-4)
        best = lattice.best_path()
        assert best.score == pytest.approx(max(every), abs=1e-4)
        assert lattice.evidence is not None
        assert lattice.evidence.possible_gain == -math.inf
    assert complete >= 2


def test_a_scale_of_nothing_changes_nothing() -> None:
    model, frames = toy_model(1, tokens=TOKENS), toy_frames(6, 4)
    silent = Fusion([(token_lm(), 0.0), (own_lm(model), 0.0)], internal=("zero", 0.0))
    assert not silent
    for plain, same in zip(searched(model, Fusion(), *frames), searched(model, silent, *frames)):
        np.testing.assert_array_equal(plain.acoustic_score, same.acoustic_score)
        np.testing.assert_array_equal(plain.source, same.source)


def test_what_is_subtracted_and_added_again_changes_nothing() -> None:
    model, frames = toy_model(2, tokens=TOKENS, seed=3), toy_frames(6, 5)
    both = Fusion([(own_lm(model), -0.5), (own_lm(model), 0.5)])
    for plain, same in zip(searched(model, Fusion(), *frames), searched(model, both, *frames)):
        assert plain.total_score() == pytest.approx(same.total_score(), abs=1e-4)
        assert plain.best_path().words == same.best_path().words
        assert plain.num_arcs == same.num_arcs


def test_batch_equals_one_by_one() -> None:
    model, frames = toy_model(None, tokens=TOKENS, seed=5), toy_frames(7, 3, 5)
    fusion = Fusion([(token_lm(2), 0.5), (own_lm(model), -0.25)], reward=0.25)
    for rows, together in zip(frames, searched(model, fusion, *frames)):
        (alone,) = searched(model, fusion, rows)
        assert together.total_score() == pytest.approx(alone.total_score(), abs=1e-4)
        assert together.best_path().words == alone.best_path().words


@pytest.mark.parametrize("context", [None, 1, 2])
def test_internal_probabilities_are_normalized_and_those_of_the_joiner(context: Optional[int]) -> None:
    model = toy_model(context, tokens=3)
    lm = own_lm(model)
    states = lm.advance(lm.advance([lm.start, lm.start], [1, 3]), [2, 2])
    scores = lm.scores(states)
    assert scores.shape == (2, 4)
    np.testing.assert_allclose(np.exp(scores[:, 1:]).sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(scores[:, 0], 0.0)
    raw = model.log_probs(torch.zeros(1, 8), model.predict((1, 2))[-1:]).double().numpy()[0]
    np.testing.assert_allclose(scores[0, 1:] - scores[0, 1], raw[1:] - raw[1], atol=1e-6)
    assert lm.context == context


def test_a_fusion_tells_apart_what_its_models_do() -> None:
    assert Fusion([(token_lm(3), 1.0), (token_lm(2), -0.5)]).context == 2
    assert Fusion([(token_lm(3), 1.0), (own_lm(toy_model(None)), -0.5)]).context is None
    assert Fusion().context == 0
    assert Fusion([(token_lm(), -0.1)]).may_gain
    assert Fusion(internal=("zero", 0.1)).may_gain
    assert not Fusion([(token_lm(), 0.1)]).may_gain


@pytest.mark.parametrize("subtracted", [0.0, 0.3])
def test_streams_are_searched_as_whole_utterances_are(subtracted: float) -> None:
    model, features = streaming_model(ENCODERS["tdnn"]), batch(31)
    graph = compile_token_graph(LEXICON, word_loop(LEXICON.words), "blank-free")
    lm = NgramTokenLm(estimate_ngram([list("ABC"), list("CAB"), list("BAC")], 2), model.tokens)
    fusion = Fusion([(lm, 0.5)], internal=("zero", subtracted))
    (expected,) = transducer_lattices(model, graph, features, OPTIONS, fusion)
    (plain,) = transducer_lattices(model, graph, features, OPTIONS)
    assert expected.best_path().score != plain.best_path().score
    decoder = TransducerDecoder(model, graph, OPTIONS, fusion=fusion)
    for start in range(0, 31, 7):
        decoder.advance(features.matrices[0][start : start + 7])
    found = decoder.finalize()
    assert found.best_path().words == expected.best_path().words
    assert found.total_score() == pytest.approx(expected.total_score(), abs=1e-4)
    with pytest.raises(ConfigError, match="internal language model 'average'; expected zero"):
        next(transducer_lattices(model, graph, features, OPTIONS, Fusion(internal=("average", 0.1))))


def test_the_internal_model_hears_zeros_behind_the_encoder() -> None:
    model = streaming_model(ENCODERS["tdnn"])
    network = model.network
    zeros = network.from_encoder(torch.zeros(1, network.encoder.output_dim))
    torch.testing.assert_close(network.silent_side, zeros.detach())
    lm = InternalTokenLm(network, network.silent_side)
    rows = network.join(zeros, network.start()[0])[:, 1:].double().softmax(dim=1).detach().numpy()
    np.testing.assert_allclose(np.exp(lm.scores([lm.start])[:, 1:]), rows, atol=1e-5)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected zero or average"):
        Fusion(internal=("nothing", 0.1))
    with pytest.raises(ConfigError, match=r"scales \[inf\]"):
        Fusion(internal=("zero", math.inf))

    with pytest.raises(ConfigError, match="the internal language model has not been made"):
        searched(toy_model(1, tokens=TOKENS), Fusion(internal=("zero", 0.1)), *toy_frames(3))

    class Certain:
        """Gives all but one token probability 0."""

        start, context = 0, 0

        def scores(self, states: list[int]) -> np.ndarray:
            return np.array([[-np.inf, 0.0, -np.inf]] * len(states))

        def advance(self, states: list[int], tokens: list[int]) -> list[int]:
            return states

    with pytest.raises(GrammarError, match=r"scale -0\.5 gives column 0 probability 0"):
        Fusion([(Certain(), -0.5)]).scores([(0,)], 3)
    assert Fusion([(Certain(), 0.5)]).scores([(0,)], 3)[0, 1] == 0.0
