import numpy as np
import pytest

from fsaasr.core.errors import GrammarError
from fsaasr.grammar.discounts import estimate_discounts
from fsaasr.grammar.ngram_counts import OrderCounts, code_text, count_ngrams


def unigrams(*types):
    """A table in which types[j - 1] words have count j."""
    counts = np.repeat(np.arange(1, len(types) + 1), types)
    nothing = np.zeros_like(counts)
    return OrderCounts(np.arange(len(counts)), nothing, nothing, nothing.astype(bool), counts, counts)


def test_discounts_are_those_of_chen_and_goodman():
    # y = 8 / (8 + 2 * 4) = 1/2; D1 = 1 - 2 y 4/8, D2 = 2 - 3 y 2/4, D3 = 3 - 4 y 1/2.
    found = estimate_discounts([unigrams(8, 4, 2, 1, 7)], None)
    assert found.values[0] == pytest.approx((0.5, 1.25, 2.0))
    assert found.fallback == ()


def test_discount_that_rounding_alone_makes_negative_is_kept():
    # lmplz printed `D1=0.4 D2=0 D3+=1.72` for these numbers of types; in float64 D2 is -2e-16.
    found = estimate_discounts([unigrams(4, 3, 5, 4)], None)
    assert found.values[0] == pytest.approx((0.4, 0.0, 1.72), abs=1e-6)


@pytest.mark.parametrize("types", [(0, 4, 2, 1), (8, 0, 2, 1), (8, 4, 0, 1), (8, 4, 20, 1)])
def test_fallback_serves_where_there_is_no_estimate(types):
    found = estimate_discounts([unigrams(*types)], (0.5, 1.0, 1.5))
    assert (found.values, found.fallback) == (((0.5, 1.0, 1.5),), (1,))
    with pytest.raises(GrammarError, match="order 1; give more text"):
        estimate_discounts([unigrams(*types)], None)


def test_counts_of_a_text_written_out():
    # <s> a b </s>, <s> a </s>: bigrams and, in brackets, the words that precede them.
    text = code_text([["a", "b"], ["a"]])
    first, second, third = count_ngrams(text, 3, len(text.vocabulary))
    names = [(text.vocabulary[first.words[c]], text.vocabulary[w]) for c, w in zip(second.contexts, second.words)]
    assert names == [("<s>", "a"), ("a", "</s>"), ("a", "b"), ("b", "</s>")]
    assert second.raw.tolist() == [2, 1, 1, 1]
    assert second.adjusted.tolist() == [2, 1, 1, 1]  # itself as it starts with <s>; [<s>]; [<s>]; [a]
    assert third.adjusted.tolist() == [1, 1, 1]
    # Preceding words of <unk>, <s>, </s> [a, b], a [<s>], b [a].
    assert first.adjusted.tolist() == [0, 0, 2, 1, 1]
    assert first.raw.tolist() == [0, 2, 2, 2, 1]
