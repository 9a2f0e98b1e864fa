import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.grammar import context_sums, normalization_error, read_arpa
from tests.grammar.toys import DATA, random_model, recursive_log10_prob, table


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_sums_are_those_of_all_words_one_by_one(seed, order):
    model = random_model(seed, order)
    entries = table(model)
    sums = context_sums(model)
    assert len(sums) == order
    for n, found in enumerate(sums):
        rows = model.orders[n - 1].ngrams.tolist() if n else [[]]
        contexts = [tuple(model.vocabulary[i] for i in row) for row in rows]
        words = [word for word in model.vocabulary if word != "<s>"]
        expected = [sum(10 ** recursive_log10_prob(entries, context, word) for word in words) for context in contexts]
        assert found.tolist() == pytest.approx(expected)


def test_error_is_the_largest_distance_from_one():
    model = random_model(3)
    assert normalization_error(model) == max(np.abs(sums - 1).max() for sums in context_sums(model))


def test_lmplz_models_sum_to_one_within_float32():
    assert normalization_error(read_arpa(DATA / "arpa/commands.5.arpa")) < 1e-5
