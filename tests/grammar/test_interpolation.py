import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import GrammarError
from fsaasr.grammar import NgramModel, NgramOrder, estimate_ngram, interpolate, normalization_error
from tests.grammar.toys import random_text, recursive_log10_prob, table


def probability(model, context, word):
    entries = table(model)
    return 10 ** recursive_log10_prob(entries, context, word) if (word,) in entries else 0.0


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**31), st.integers(1, 3), st.integers(1, 4), st.sampled_from([0.25, 0.5, 0.875]))
def test_listed_ngrams_get_the_mixture_and_contexts_sum_to_one(seed, order, other_order, weight):
    first = estimate_ngram(random_text(seed, words=5, sentences=12), order)
    second = estimate_ngram(random_text(seed + 1, words=7, sentences=12), other_order)
    mixed = interpolate([first, second], [weight, 1 - weight])
    listed = table(mixed)
    assert listed.keys() == table(first).keys() | table(second).keys()
    for name in sorted(listed)[:: max(1, len(listed) // 15)]:
        parts = [probability(model, name[:-1], name[-1]) for model in (first, second)]
        assert 10 ** listed[name][0] == pytest.approx(weight * parts[0] + (1 - weight) * parts[1])
    assert normalization_error(mixed) < 1e-9


def test_model_mixed_with_itself_is_itself():
    model = estimate_ngram(random_text(1), 3)
    mixed = interpolate([model, model], [0.5, 0.5])
    for mine, other in zip(mixed.orders, model.orders):
        assert np.array_equal(mine.ngrams, other.ngrams)
        assert np.allclose(mine.log10_prob, other.log10_prob, rtol=0, atol=1e-9)
        assert np.allclose(mine.log10_backoff, other.log10_backoff, rtol=0, atol=1e-6)


def test_both_names_of_the_unknown_word_are_one():
    model = estimate_ngram([["a"], ["a", "b"]], 2)
    upper = NgramModel(tuple(word.replace("<unk>", "<UNK>") for word in model.vocabulary), model.orders)
    assert interpolate([model, upper], [0.5, 0.5]).vocabulary == model.vocabulary


def test_context_that_lists_every_word_keeps_a_finite_backoff():
    unigrams = NgramOrder(np.array([[0], [1]]), np.log10([0.5, 0.5]), np.zeros(2))
    bigrams = NgramOrder(np.array([[0, 0], [0, 1]]), np.log10([0.25, 0.75]), np.zeros(2))
    mixed = interpolate([NgramModel(("a", "b"), (unigrams, bigrams))], [1.0])
    assert np.isfinite(mixed.orders[0].log10_backoff).all()
    assert normalization_error(mixed) < 1e-12


@pytest.mark.parametrize("weights", [(), (1.0,), (0.5, 0.6), (1.5, -0.5), (0.0, 1.0)])
def test_weights_that_do_not_fit_are_refused(weights):
    model = estimate_ngram([["a"]], 1)
    with pytest.raises(GrammarError, match="found weights"):
        interpolate([model, model], weights)
