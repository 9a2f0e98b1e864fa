import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import GrammarError
from fsaasr.grammar import NgramModel, NgramOrder, read_arpa
from tests.grammar.test_arpa import SRILM, read
from tests.grammar.toys import DATA, random_model, recursive_log10_prob, table

# `query -v word` of kenlm 0.3.0 on data/arpa/commands.3.arpa: words, then </s>.
QUERIED = {
    "turn on the kitchen light": [-0.6175513, -0.3832062, -0.1943202, -0.7685796, -0.7130985, -0.21000783],
    "please open every window and close the fridge": [
        *(-1.1044619, -2.93964, -1.1069198, -1.1405895, -1.745918, -0.51056576, -0.07969967, -3.170711),
        -0.8692409,
    ],
    "xylophone": [-3.459794, -0.8692409],
    "": [-2.0486765],
}

# The same on tests.grammar.test_arpa.SRILM, whose 3-gram `a b c` has no 2-gram `b c`.
QUERIED_SRILM = {
    "a b c": [-0.5, -0.2, -0.1, -0.69897],
    "b a b c a": [-0.69897, -0.8, -0.75, -0.1, -0.52288, -0.89897],
    "c c": [-1.30103, -1.0, -0.69897],
}

SENTENCES = st.lists(st.sampled_from(["a", "b", "c", "d", "zebra"]), max_size=7)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), SENTENCES, st.booleans(), st.booleans())
def test_scores_are_the_recursive_definition(seed, order, words, bos, eos):
    model = random_model(seed, order)
    entries = table(model)
    history = ["<s>"] if bos else []
    expected = []
    for word in [*words, "</s>"] if eos else words:
        named = word if (word,) in entries else "<unk>"
        context = tuple(history[len(history) - (order - 1) :]) if len(history) >= order else tuple(history)
        expected.append(recursive_log10_prob(entries, context, named))
        history.append(named)
    assert model.log10_prob(words, bos=bos, eos=eos).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("text", QUERIED)
def test_scores_agree_with_kenlm(text):
    model = read_arpa(DATA / "arpa/commands.3.arpa")
    assert model.log10_prob(text.split()).tolist() == pytest.approx(QUERIED[text], abs=1e-6)


@pytest.mark.parametrize("text", QUERIED_SRILM)
def test_missing_suffix_scores_as_kenlm_does(tmp_path, text):
    assert read(tmp_path, SRILM).log10_prob(text.split()).tolist() == pytest.approx(QUERIED_SRILM[text], abs=1e-6)


@pytest.mark.parametrize("name", ["commands.2.arpa", "commands.5.arpa", "commands.3.prune012.arpa", "tiny.3.arpa"])
def test_scores_agree_with_the_kenlm_module(name):
    kenlm = pytest.importorskip("kenlm")
    model, referee = read_arpa(DATA / "arpa" / name), kenlm.Model(str(DATA / "arpa" / name))
    rng = np.random.default_rng(0)
    words = [*model.vocabulary[3:], "zebra"]
    for _ in range(50):
        sentence = [words[i] for i in rng.integers(0, len(words), size=6)]
        for bos in (True, False):
            expected = [prob for prob, _, _ in referee.full_scores(" ".join(sentence), bos=bos)]
            assert model.log10_prob(sentence, bos=bos).tolist() == pytest.approx(expected, abs=1e-5)


def test_unknown_word_without_unk_is_named(tmp_path):
    with pytest.raises(GrammarError, match="no unigram 'zebra'"):
        read(tmp_path, SRILM).log10_prob(["a", "zebra"])


def test_missing_sentence_markers_are_reported():
    model = NgramModel(("a",), (NgramOrder(np.zeros((1, 1)), np.zeros(1), np.zeros(1)),))
    with pytest.raises(GrammarError, match="bos=False"):
        model.log10_prob(["a"])
    with pytest.raises(GrammarError, match="eos=False"):
        model.log10_prob(["a"], bos=False)
    assert model.log10_prob(["a"], bos=False, eos=False).tolist() == [0.0]


def test_index_finds_every_ngram_and_nothing_else():
    model = random_model(5)
    for n, order in enumerate(model.orders, 1):
        assert model.index.find(order.ngrams).tolist() == list(range(len(order)))
        assert model.index.find(np.full((1, n), -1)).tolist() == [-1]
    listed = {tuple(row) for row in model.orders[1].ngrams.tolist()}
    absent = [(v, w) for v in range(7) for w in range(7) if (v, w) not in listed]
    assert set(model.index.find(np.array(absent)).tolist()) == {-1}


def test_context_rows_are_the_contexts():
    model = random_model(6)
    rows = model.index.context_rows[2]
    assert len(rows) > 10
    assert np.array_equal(model.orders[1].ngrams[rows], model.orders[2].ngrams[:, :2])


def test_content_hash_tells_models_apart():
    model = random_model(7)
    first = model.orders[0]
    other = NgramModel(
        model.vocabulary, (NgramOrder(first.ngrams, first.log10_prob - 1e-9, first.log10_backoff), *model.orders[1:])
    )
    assert model.content_hash == random_model(7).content_hash
    assert model.content_hash != other.content_hash


def test_callers_arrays_stay_writable():
    probs = np.zeros(1)
    order = NgramOrder(np.zeros((1, 1), dtype=np.int32), probs, np.zeros(1))
    probs[0] = 0.0
    assert probs.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        order.log10_prob[0] = 1.0


def orders(bigrams, probs=None, backoffs=(0.0, 0.0)):
    bigrams = np.array(bigrams, dtype=np.int32).reshape(-1, 2)
    unigrams = NgramOrder(np.array([[0], [1]]), np.array([-0.3, -0.3]), np.array(backoffs))
    return unigrams, NgramOrder(bigrams, np.zeros(len(bigrams)) if probs is None else probs, np.zeros(len(bigrams)))


@pytest.mark.parametrize(
    ("vocabulary", "tables", "message"),
    [
        ((), (), "no words"),
        (("a", "a"), orders([]), "stands twice"),
        (("a",), orders([]), "2 unigrams for 1 words"),
        (("a", "b"), orders([(0, 2)]), "word id outside"),
        (("a", "b"), orders([(1, 0), (0, 1)]), "not sorted"),
        (("a", "b"), orders([(0, 1), (0, 1)]), "not sorted and distinct"),
        (("a", "b"), orders([(0, 1)], [math.nan]), "'a b' has log10 probability nan"),
        (("a", "b"), orders([(0, 1)], [0.1]), "at most 0"),
        (("a", "b"), orders([(0, 1)], backoffs=(math.inf, 0)), "'a' has log10 probability -0.3 and back-off inf"),
        (("a", "b"), (orders([])[0], orders([])[0]), "order 2 holds n-grams of 1"),
        (
            ("a", "b"),
            (*orders([(0, 1)]), NgramOrder(np.array([[1, 0, 0]]), np.zeros(1), np.zeros(1))),
            "context of 'b a a' is not listed",
        ),
    ],
)
def test_inconsistent_model_is_refused(vocabulary, tables, message):
    with pytest.raises(GrammarError, match=message):
        NgramModel(vocabulary, tables)


def test_order_of_unequal_lengths_is_refused():
    with pytest.raises(GrammarError, match="found shapes"):
        NgramOrder(np.zeros((2, 1)), np.zeros(1), np.zeros(2))
