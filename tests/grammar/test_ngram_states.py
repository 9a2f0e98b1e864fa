"""The automaton scores every word as the model itself does, and as KenLM does."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import GrammarError
from fsaasr.grammar import NgramModel, NgramOrder, estimate_ngram, read_arpa, write_arpa
from tests.grammar.test_arpa import SRILM, read
from tests.grammar.test_ngram_model import QUERIED, QUERIED_SRILM, SENTENCES
from tests.grammar.toys import DATA, random_model, random_text, recursive_log10_prob, table


def walk(model, words):
    """Log10 probability of each word and of </s>, step by step through the automaton."""
    states, state, scores = model.states, model.states.start, []
    for word in words:
        (state,), (score,) = states.advance([state], [word])
        scores.append(score / math.log(10))
    return [*scores, states.final([state])[0] / math.log(10)]


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), SENTENCES)
def test_every_word_scores_as_in_the_model(seed, order, words):
    model = random_model(seed, order)
    assert walk(model, words) == pytest.approx(model.log10_prob(words).tolist(), abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4), SENTENCES)
def test_every_word_scores_by_the_recursive_definition(seed, order, words):
    model = random_model(seed, order)
    entries, history, expected = table(model), ["<s>"], []
    for word in [*words, "</s>"]:
        named = word if (word,) in entries else "<unk>"
        context = tuple(history[-(order - 1) :])
        expected.append(recursive_log10_prob(entries, context, named))
        history.append(named)
    assert walk(model, words) == pytest.approx(expected)


@pytest.mark.parametrize("text", QUERIED)
def test_scores_are_those_of_kenlm(text):
    model = read_arpa(DATA / "arpa/commands.3.arpa")
    assert walk(model, text.split()) == pytest.approx(QUERIED[text], abs=1e-6)


@pytest.mark.parametrize("text", QUERIED_SRILM)
def test_a_missing_suffix_scores_as_in_kenlm(tmp_path, text):
    assert walk(read(tmp_path, SRILM), text.split()) == pytest.approx(QUERIED_SRILM[text], abs=1e-6)


@pytest.mark.parametrize("name", ["commands.2.arpa", "commands.5.arpa", "commands.3.prune012.arpa", "colours.4.arpa"])
def test_random_sentences_score_as_in_the_kenlm_module(name):
    kenlm = pytest.importorskip("kenlm")
    model, referee = read_arpa(DATA / "arpa" / name), kenlm.Model(str(DATA / "arpa" / name))
    rng = np.random.default_rng(0)
    words = [*model.vocabulary[3:], "zebra"]
    for _ in range(100):
        sentence = [words[i] for i in rng.integers(0, len(words), size=8)]
        expected = [prob for prob, _, _ in referee.full_scores(" ".join(sentence))]
        assert walk(model, sentence) == pytest.approx(expected, abs=1e-5)


def pruned(model, rng):
    """The model without some bigrams that end trigrams and begin none, as SRILM prunes."""
    bigrams = model.orders[1]
    begin, end = np.zeros(len(bigrams), dtype=bool), np.zeros(len(bigrams), dtype=bool)
    begin[model.index.context_rows[2]] = True
    end[model.suffix_rows(3)] = True
    lost = rng.choice(np.flatnonzero(end & ~begin), size=3, replace=False)
    kept = np.setdiff1d(np.arange(len(bigrams)), lost)
    orders = list(model.orders)
    orders[1] = NgramOrder(bigrams.ngrams[kept], bigrams.log10_prob[kept], bigrams.log10_backoff[kept])
    return NgramModel(model.vocabulary, tuple(orders))


@pytest.mark.parametrize("seed", range(10))
def test_models_with_missing_suffixes_score_as_in_the_kenlm_module(seed, tmp_path):
    kenlm = pytest.importorskip("kenlm")
    rng = np.random.default_rng(seed)
    model = pruned(estimate_ngram(random_text(seed), 4), rng)
    assert (model.suffix_rows(3) < 0).any()
    write_arpa(model, tmp_path / "pruned.arpa")
    referee = kenlm.Model(str(tmp_path / "pruned.arpa"))
    for _ in range(50):
        sentence = rng.choice([*model.vocabulary[3:], "zebra"], size=8).tolist()
        expected = [prob for prob, _, _ in referee.full_scores(" ".join(sentence))]
        assert walk(model, sentence) == pytest.approx(expected, abs=1e-4)


def test_contexts_that_change_nothing_have_no_state():
    bigrams = NgramOrder(np.array([[0, 1], [1, 1], [2, 1]]), np.full(3, -0.5), np.array([0.0, -0.25, 0.0]))
    unigrams = NgramOrder(np.arange(3)[:, None], np.full(3, -0.5), np.zeros(3))
    trigrams = NgramOrder(np.array([[0, 1, 1]]), np.full(1, -0.125), np.zeros(1))
    states = NgramModel(("<s>", "a", "</s>"), (unigrams, bigrams, trigrams)).states
    # The empty context; <s>, a and </s> with bigrams; `<s> a` with a trigram and `a a` with a back-off.
    assert len(states) == 6
    assert states.start == 1
    # Behind `</s> a` any word scores as behind `a`.
    assert states.next_state[states.first[3]] == 2


def test_words_that_a_model_lacks_are_named(tmp_path):
    states = read(tmp_path, SRILM).states
    with pytest.raises(GrammarError, match=r"lacks 2 words, among them zebra yak, and has no <unk>"):
        states.ids_of(["a", "zebra", "yak"])
    known = random_model(0).states
    assert known.ids_of(["a", "zebra"]).tolist() == [3, known.model.unknown_id]


def test_a_model_without_sentence_markers_is_refused():
    states = NgramModel(("a",), (NgramOrder(np.zeros((1, 1)), np.zeros(1), np.zeros(1)),)).states
    with pytest.raises(GrammarError, match="the model has no <s>"):
        _ = states.start
    with pytest.raises(GrammarError, match="the model has no </s>"):
        states.final([0])
