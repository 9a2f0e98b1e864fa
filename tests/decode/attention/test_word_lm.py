"""Rescoring with an attention decoder: every path gains what teacher forcing gives its words."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fsaasr.core.errors import LexiconError
from fsaasr.decode.attention.word_lm import AttentionWordLm
from fsaasr.lattice.rescoring.lm_replacement import Mixing
from fsaasr.lattice.rescoring.lm_rescoring import rescore_lattice
from fsaasr.lattice.rescoring.nbest_list import NbestList, rescore_nbest
from fsaasr.lexicon import Lexicon
from fsaasr.testing import word_lattice_of
from tests.decode.attention.toys import RNN, TRANSFORMER, attention_log_prob, encoded_utterances, toy_model

LEXICON = Lexicon.from_text("w1 a b\nw2 c\nw3 b c a\n")
PATHS = [((1, 2), -1.0, -2.0), ((3,), -1.5, -1.0), ((2, 2, 1), -0.5, -3.0), ((), -4.0, -1.0)]


# What is counted twice is an LM's; the decoder's score is one of words given the utterance.
@pytest.mark.filterwarnings("ignore:rescore_lattice")
@pytest.mark.parametrize("decoder", [RNN, TRANSFORMER])
def test_every_path_of_a_lattice_gains_its_log_probability(decoder: object) -> None:
    model = toy_model(decoder=decoder)
    (encoded,) = encoded_utterances(model, 7)
    lattice = word_lattice_of(PATHS, num_words=3)
    lm = AttentionWordLm(model, encoded, LEXICON)
    found = rescore_lattice(lattice, lm, mixing=Mixing(weight=0.5, on_top=True))
    by_text = {path.text: path.score for path in found.nbest(10)}
    assert len(by_text) == len(PATHS)
    for words, acoustic, graph in PATHS:
        names = [f"w{word}" for word in words]
        tokens = tuple(model.tokens[token] for name in names for token in LEXICON.of(name)[0].tokens)
        log_prob, _ = attention_log_prob(model, encoded, tokens)
        assert by_text[" ".join(names)] == pytest.approx(acoustic + graph + 0.5 * log_prob, abs=1e-4)


def test_nbest_lists_gain_the_same() -> None:
    model = toy_model()
    (encoded,) = encoded_utterances(model, 7)
    lm = AttentionWordLm(model, encoded, LEXICON)
    listed = NbestList.of(word_lattice_of(PATHS, num_words=3).nbest(10))
    (found,) = rescore_nbest([listed], lm.score_words, "attention")
    for hypothesis, score in zip(found.hypotheses, found.scores["attention"]):
        tokens = [token for word in hypothesis.words for token in LEXICON.of(word.name)[0].tokens]
        expected, _ = attention_log_prob(model, encoded, tuple(model.tokens[token] for token in tokens))
        assert score == pytest.approx(expected, abs=1e-4)


def test_of_several_pronunciations_the_likeliest_goes_on() -> None:
    model = toy_model()
    (encoded,) = encoded_utterances(model, 7)
    lexicon = Lexicon.from_text("x a b\nx c\ny b\n")
    lm = AttentionWordLm(model, encoded, lexicon)
    states, (score,) = lm.advance([lm.start], ["x"])
    pronunciations = [(1, 2), (3,)]
    alone = [sum(np.diff([0.0, *_prefixes(model, encoded, tokens)])) for tokens in pronunciations]
    assert score == pytest.approx(max(alone), abs=1e-4)
    best = pronunciations[int(np.argmax(alone))]
    expected, _ = attention_log_prob(model, encoded, (*best, 2))
    assert lm.score_words([["x", "y"]]) == pytest.approx([expected], abs=1e-4)
    assert lm.final(states)[0] == pytest.approx(attention_log_prob(model, encoded, best)[0] - max(alone), abs=1e-4)


def _prefixes(model, encoded, tokens):  # type: ignore[no-untyped-def]
    """Log probability of each beginning of some tokens, by asking for all that may follow."""
    import torch

    with torch.no_grad():
        logits, _ = model.network.decoder(encoded.vectors, encoded.lengths, torch.tensor([[0, *tokens]]))
    log_probs = logits[0].double().log_softmax(dim=1).numpy()
    return list(itertools.accumulate(log_probs[place, token] for place, token in enumerate(tokens)))


def test_batches_score_as_one_by_one_and_unknown_words_are_refused() -> None:
    model = toy_model(decoder=TRANSFORMER)
    (encoded,) = encoded_utterances(model, 6)
    lm = AttentionWordLm(model, encoded, LEXICON)
    sentences = [["w1"], ["w3", "w2"], [], ["w2", "w2", "w2"]]
    alone = [lm.score_words([sentence])[0] for sentence in sentences]
    assert lm.score_words(sentences) == pytest.approx(alone, abs=1e-5)
    with pytest.raises(LexiconError, match="'w9'"):
        lm.score_words([["w9"]])
