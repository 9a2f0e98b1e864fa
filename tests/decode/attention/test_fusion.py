"""Language models that join an attention search, the decoder's internal one among them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fsaasr.decode.attention.internal_lm import InternalTokenLm
from fsaasr.decode.attention.options import BeamOptions
from fsaasr.decode.attention.search import Side, search_tokens
from fsaasr.decode.fusion import Fusion
from fsaasr.decode.hotword_lm import HotwordTokenLm
from fsaasr.decode.token_lm import NgramTokenLm
from fsaasr.grammar import Hotwords, TokenHotwords, estimate_ngram
from fsaasr.models.attention_model import AttentionModel, Encoded
from tests.decode.attention.test_search import EXACT, score_of
from tests.decode.attention.toys import RNN, TRANSFORMER, encoded_utterances, sequences, toy_model

DECODERS = {"rnn": RNN, "transformer": TRANSFORMER}


def internal_log_probs(model: AttentionModel, encoded: Encoded, estimate: str, said: tuple[int, ...]) -> np.ndarray:
    """Log probabilities (U + 1, 1 + V) by teacher forcing, of a decoder that looks at one vector."""
    vector = encoded.vectors.mean(dim=1, keepdim=True) * (estimate == "average")
    with torch.no_grad():
        logits, weights = model.network.decoder(vector, torch.tensor([1]), torch.tensor([[0, *said]]))
    assert weights.shape[2] == 1
    result: np.ndarray = logits[0].double().log_softmax(dim=1).numpy()
    return result


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("estimate", ["zero", "average"])
def test_internal_probabilities_are_normalized_and_those_of_teacher_forcing(decoder: str, estimate: str) -> None:
    model = toy_model(decoder=DECODERS[decoder])
    (encoded,) = encoded_utterances(model, 5)
    lm = InternalTokenLm(model.network.decoder, encoded, estimate)
    states, rows = [lm.start], [lm.scores([lm.start])[0]]
    for token in (2, 1, 1, 3):
        states = lm.advance(states, [token])
        rows.append(lm.scores(states)[0])
    np.testing.assert_allclose(np.exp(rows).sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(rows, internal_log_probs(model, encoded, estimate, (2, 1, 1, 3)), atol=1e-5)
    # Histories of several lengths at once are as each alone.
    mixed = lm.advance([lm.start, *states, lm.start], [2, 1, 3])
    np.testing.assert_allclose(lm.scores(mixed)[0], rows[1], atol=1e-5)
    alone = lm.scores(lm.advance(states, [1]))
    np.testing.assert_allclose(lm.scores(mixed)[1], alone[0], atol=1e-5)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("estimate", ["zero", "average"])
@pytest.mark.parametrize("ctc_weight", [0.0, 0.3])
def test_a_boundless_beam_is_exact(decoder: str, estimate: str, ctc_weight: float) -> None:
    model = toy_model("ab", decoder=DECODERS[decoder])
    (encoded,) = encoded_utterances(model, 3)
    ngrams = estimate_ngram([list("ab"), list("bba"), list("a")], 2)
    options = dataclasses.replace(EXACT, ctc_weight=ctc_weight)
    fusion = Fusion([(NgramTokenLm(ngrams, model.tokens), 0.5)], internal=(estimate, 0.25))
    (found,) = search_tokens(model.network, [encoded], options, Side(fusion=fusion, acoustic_scale=0.75))
    expected = {}
    for said in sequences(2, 3):
        internal = internal_log_probs(model, encoded, estimate, said)
        own = sum(internal[place, token] for place, token in enumerate((*said, 0)))
        added = ngrams.log10_prob(["-ab"[token] for token in said]).sum() * np.log(10.0)
        expected[said] = 0.75 * score_of(model, encoded, said, options) + 0.5 * added - 0.25 * own
    possible = {said: score for said, score in expected.items() if score > -np.inf}
    assert {hypothesis.tokens for hypothesis in found} == set(possible)
    for hypothesis in found:
        assert hypothesis.score == pytest.approx(possible[hypothesis.tokens], abs=1e-4)


@pytest.mark.parametrize("decoder", DECODERS)
def test_what_is_subtracted_and_added_again_changes_nothing_and_a_scale_of_nothing_either(decoder: str) -> None:
    model = toy_model(decoder=DECODERS[decoder])
    (encoded,) = encoded_utterances(model, 6)
    own = InternalTokenLm(model.network.decoder, encoded, "zero")
    options = dataclasses.replace(EXACT, beam=6, nbest=4)
    (plain,) = search_tokens(model.network, [encoded], options)
    for fusion in (Fusion([(own, 0.5)], internal=("zero", 0.5)), Fusion([(own, 0.0)], internal=("average", 0.0))):
        (same,) = search_tokens(model.network, [encoded], options, Side(fusion=fusion))
        assert [h.tokens for h in same] == [h.tokens for h in plain]
        assert [h.score for h in same] == pytest.approx([h.score for h in plain], abs=1e-6)


def test_batch_equals_one_by_one() -> None:
    model = toy_model()
    encoded = encoded_utterances(model, 7, 3, 5)
    for estimate in ("zero", "average"):
        side = Side(fusion=Fusion(internal=(estimate, 0.4)))
        together = search_tokens(model.network, encoded, side=side)
        for utterance, found in zip(encoded, together):
            (alone,) = search_tokens(model.network, [utterance], side=side)
            assert [h.tokens for h in found] == [h.tokens for h in alone]
            assert [h.score for h in found] == pytest.approx([h.score for h in alone], abs=1e-4)


def test_hotwords_as_a_token_lm_add_their_weights() -> None:
    model, options = toy_model("abc"), BeamOptions(None, None, 5000, 0.0, tokens_per_frame=1.0)
    (encoded,) = encoded_utterances(model, 4)
    hotwords = TokenHotwords(Hotwords([("w", 2.0), ("v", -0.5)]), lambda word: [("b", "a") if word == "w" else ("c",)])
    fusion = Fusion([(HotwordTokenLm(hotwords, model.tokens), 1.0)])
    plain, biased = (
        {found.tokens: found.score for found in search_tokens(model.network, [encoded], options, side)[0]}
        for side in (Side(), Side(fusion=fusion))
    )
    assert set(plain) == set(biased)
    for tokens, score in biased.items():
        said = "".join(model.tokens.names_of(tokens))
        assert score == pytest.approx(plain[tokens] + 2.0 * said.count("ba") - 0.5 * said.count("c"), abs=1e-5)
