"""The beam against greedy search and against all token sequences, scored one by one."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch

from fsaasr.core.errors import ConfigError, DecodeError
from fsaasr.decode.attention.ctc_prefix import CtcPrefixes
from fsaasr.decode.attention.greedy import greedy_tokens
from fsaasr.decode.attention.options import BeamOptions
from fsaasr.decode.attention.search import Side, search_tokens
from fsaasr.decode.fusion import Fusion
from fsaasr.decode.graph_constraint import GraphConstraint
from fsaasr.decode.token_lm import NgramTokenLm
from fsaasr.grammar import NgramModel, estimate_ngram
from fsaasr.graph import compile_token_graph, linear_acceptor, word_loop
from fsaasr.lexicon import Lexicon
from fsaasr.models.attention_model import AttentionModel, Encoded
from tests.decode.attention.toys import TRANSFORMER, attention_log_prob, encoded_utterances, sequences, toy_model

EXACT = BeamOptions(beam=None, score_beam=None, nbest=400, ctc_weight=0.0, tokens_per_frame=1.0)
GREEDY = BeamOptions(beam=1, nbest=1, ctc_weight=0.0)
LEXICON = Lexicon.from_text("x a b\ny c\nz a\nzz a\n")


@pytest.mark.parametrize("decoder", ["rnn", "transformer"])
def test_a_beam_of_one_is_greedy_search(decoder: str) -> None:
    ended = 0
    for seed in range(8):
        model = toy_model(seed=seed, **({"decoder": TRANSFORMER} if decoder == "transformer" else {}))
        encoded = encoded_utterances(model, 6, 9, 4)
        beam = search_tokens(model.network, encoded, GREEDY)
        for utterance, (best,) in zip(encoded, beam):
            (greedy,) = greedy_tokens(model.network, utterance)
            assert list(best.tokens)[: len(greedy)] == greedy
            assert len(best.tokens) == len(greedy) or not best.ended
            ended += best.ended
    assert ended > 5


@pytest.mark.parametrize("decoder", ["rnn", "transformer"])
@pytest.mark.parametrize(
    "options", [{}, {"ctc_weight": 0.4}, {"ctc_weight": 1.0}, {"coverage": 0.5}, {"length_norm": 1.0}]
)
def test_a_boundless_beam_is_exact(decoder: str, options: dict[str, Any]) -> None:
    model = toy_model("ab", **({"decoder": TRANSFORMER} if decoder == "transformer" else {}))
    (encoded,) = encoded_utterances(model, 4)
    chosen = dataclasses.replace(EXACT, **options)
    (found,) = search_tokens(model.network, [encoded], chosen)
    expected = {said: score_of(model, encoded, said, chosen) for said in sequences(2, 4)}
    expected = {said: score for said, score in expected.items() if score > -math.inf}
    assert {hypothesis.tokens for hypothesis in found} == set(expected)
    for hypothesis in found:
        assert hypothesis.score == pytest.approx(expected[hypothesis.tokens], abs=1e-4)
        log_prob, weights = attention_log_prob(model, encoded, hypothesis.tokens)
        assert hypothesis.attention_score == pytest.approx(log_prob, abs=1e-4)
        assert hypothesis.token_scores.sum() == pytest.approx(hypothesis.score, abs=1e-9)
        np.testing.assert_allclose(hypothesis.weights, weights, atol=1e-5)
    scores = [hypothesis.score for hypothesis in found]
    assert scores == sorted(scores, reverse=True)


def score_of(model: AttentionModel, encoded: Encoded, said: tuple[int, ...], options: BeamOptions) -> float:
    """The score by its definition."""
    log_prob, weights = attention_log_prob(model, encoded, said)
    score = (1 - options.ctc_weight) * log_prob
    if options.ctc_weight:
        assert encoded.ctc is not None
        prefixes = CtcPrefixes(encoded.ctc[0].numpy())
        state = prefixes.start
        for token in said:
            state = prefixes.advance(state, np.array([token]))
        score += options.ctc_weight * float(prefixes.scores(state)[0, 0])
    score += options.length_bonus * len(said)
    score += options.coverage * np.count_nonzero(weights.sum(axis=0) > options.coverage_from)
    return score / ((5 + len(said)) / 6) ** options.length_norm


@pytest.mark.parametrize("options", [{}, {"length_norm": 0.8}, {"length_bonus": 0.4}, {"coverage": 0.3}])
def test_stopping_early_loses_nothing(options: dict[str, Any]) -> None:
    """With a boundless beam the only thing that ends a search is the bound."""
    for seed in range(4):
        model = toy_model("ab", seed=seed)
        (encoded,) = encoded_utterances(model, 5)
        chosen = dataclasses.replace(EXACT, nbest=2, **options)
        (found,) = search_tokens(model.network, [encoded], chosen)
        (everything,) = search_tokens(model.network, [encoded], dataclasses.replace(chosen, nbest=400))
        assert [h.tokens for h in found] == [h.tokens for h in everything[:2]]


@pytest.mark.parametrize("options", [BeamOptions(), BeamOptions(ctc_weight=0.0, length_norm=0.5, nbest=3)])
def test_batch_equals_one_by_one(options: BeamOptions) -> None:
    model = toy_model()
    side = Side(GraphConstraint(compile_token_graph(LEXICON, word_loop(LEXICON.words), "blank-free")))
    encoded = encoded_utterances(model, 9, 3, 6)
    for given in (Side(), side):
        together = search_tokens(model.network, encoded, options, given)
        for utterance, found in zip(encoded, together):
            (alone,) = search_tokens(model.network, [utterance], options, given)
            assert [h.tokens for h in found] == [h.tokens for h in alone]
            assert [h.score for h in found] == pytest.approx([h.score for h in alone], abs=1e-4)


def bigram() -> NgramModel:
    return estimate_ngram([["x", "y"], ["y", "y"], ["z", "x"], ["zz"], ["x"]], 2)


@pytest.mark.parametrize("ctc_weight", [0.0, 0.3])
def test_on_a_graph_only_sentences_of_the_grammar_are_found_with_its_scores(ctc_weight: float) -> None:
    model = toy_model()
    constraint = GraphConstraint(compile_token_graph(LEXICON, bigram(), "blank-free"))
    (encoded,) = encoded_utterances(model, 4)
    options = dataclasses.replace(EXACT, ctc_weight=ctc_weight)
    (found,) = search_tokens(model.network, [encoded], options, Side(constraint, acoustic_scale=0.5))
    expected = {}
    for said in sequences(3, 4):
        at = constraint.start
        for token in said:
            at = constraint.advance(at, token)
        for place, (graph_score, arcs) in enumerate(constraint.ends(at)):
            words = tuple(constraint.words(arcs))
            total = 0.5 * score_of(model, encoded, said, options) + graph_score
            if total > -math.inf:
                expected[said, words, place] = total
    assert len(expected) > 20
    scores = sorted((hypothesis.score for hypothesis in found), reverse=True)
    assert scores == pytest.approx(sorted(expected.values(), reverse=True), abs=1e-4)
    assert {(h.tokens, tuple(constraint.words(h.arcs))) for h in found} == {key[:2] for key in expected}
    # `z` and `zz` sound alike: one token sequence, two hypotheses.
    assert {tuple(constraint.words(h.arcs)) for h in found if h.tokens == (1,)} == {("z",), ("zz",)}


def test_a_language_model_joins_with_its_weight() -> None:
    model = toy_model()
    lm = NgramTokenLm(estimate_ngram([list("abc"), list("aab"), list("cc")], 2), model.tokens)
    (encoded,) = encoded_utterances(model, 3)
    options = EXACT
    (found,) = search_tokens(model.network, [encoded], options, Side(fusion=Fusion([(lm, 0.7)])))
    assert len(found) == 1 + 3 + 9 + 27
    for hypothesis in found:
        states, total = [lm.start], 0.0
        for token in hypothesis.tokens:
            total += lm.scores(states)[0, token]
            states = lm.advance(states, [token])
        total += lm.scores(states)[0, 0]
        expected = score_of(model, encoded, hypothesis.tokens, options) + 0.7 * total
        assert hypothesis.score == pytest.approx(expected, abs=1e-4)


def test_a_wide_beam_is_no_worse_than_a_narrow_one_here_and_the_best_is_exact() -> None:
    model = toy_model("ab", seed=3)
    (encoded,) = encoded_utterances(model, 6)
    exact = search_tokens(model.network, [encoded], EXACT)[0][0].score
    found = [search_tokens(model.network, [encoded], dataclasses.replace(EXACT, beam=beam))[0] for beam in (1, 2, 64)]
    assert found[0][0].score <= found[-1][0].score + 1e-9
    assert found[-1][0].score == pytest.approx(exact, abs=1e-6)


def test_a_search_that_finds_no_end_says_so() -> None:
    model = toy_model()
    lexicon = Lexicon.from_text("x a b a b a b a b a b\n")
    constraint = GraphConstraint(compile_token_graph(lexicon, linear_acceptor([1]), "blank-free", tokens=model.tokens))
    ((best,),) = search_tokens(
        model.network, encoded_utterances(model, 4), BeamOptions(ctc_weight=0.0), Side(constraint)
    )
    assert not best.ended
    assert len(best.tokens) == 5
    assert best.arcs is not None
    assert best.arcs.size >= 5


def test_coverage_counts_frames_from_its_threshold_on() -> None:
    model = toy_model()
    encoded = encoded_utterances(model, 6)
    low, high = (
        search_tokens(model.network, encoded, BeamOptions(coverage=1.0, coverage_from=least))[0][0].score
        for least in (0.01, 5.0)
    )
    assert low > high + 1


def test_what_cannot_be_is_refused() -> None:
    model = toy_model(ctc=False)
    encoded = encoded_utterances(model, 4)
    with pytest.raises(DecodeError, match="no CTC layer"):
        search_tokens(model.network, encoded)
    other = Lexicon.from_text("x a b\n")
    constraint = GraphConstraint(compile_token_graph(other, word_loop(other.words), "blank-free"))
    with pytest.raises(DecodeError, match="a graph of 2 tokens for a model of 3"):
        search_tokens(model.network, encoded, GREEDY, Side(constraint))
    for wrong in (
        {"beam": 0},
        {"score_beam": 0.0},
        {"nbest": 0},
        {"ctc_weight": 1.5},
        {"tokens_per_frame": 0.0},
        {"length_norm": -1.0},
        {"coverage_from": 0.0},
        {"end_factor": 0.0},
        {"length_bonus": math.inf},
    ):
        with pytest.raises(ConfigError, match="expected"):
            BeamOptions(**wrong)


def test_search_leaves_the_network_and_chance_alone() -> None:
    model = toy_model()
    state = torch.random.get_rng_state()
    before = {name: array.copy() for name, array in model.tensors().items()}
    search_tokens(model.network, encoded_utterances(model, 5))
    assert torch.equal(torch.random.get_rng_state(), state)
    for name, array in model.tensors().items():
        np.testing.assert_array_equal(array, before[name])
