"""Overlap of contexts, against the sum over all of them by the model's own probabilities."""

from __future__ import annotations

from itertools import combinations
from typing import Sequence

import pytest

from fsaasr.core.errors import GrammarError
from fsaasr.grammar import ContextOverlap, NgramModel, estimate_ngram

TEXT = [line.split() for line in ("call ann now", "call bob now", "ann calls bob", "stop now", "call bob", "stop")]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_it_is_the_sum_over_all_contexts(order: int) -> None:
    model = estimate_ngram(TEXT, order)
    overlap = ContextOverlap(model)
    words = [word for word in model.vocabulary if word not in ("<s>", "</s>")]

    def probability(word: str, context: Sequence[str] = (), bos: bool = False) -> float:
        return float(10 ** model.log10_prob([*context, word], bos=bos, eos=False)[-1])

    # Contexts of one word: of a trigram model, the second word of a sentence whose start is not known.
    weights = {word: probability(word) for word in words}
    for one, other in combinations(words, 2):
        expected = sum(p * min(probability(w, [context]) for w in (one, other)) for context, p in weights.items())
        end = float(10 ** model.log10_prob([], bos=False)[-1])
        expected += end * min(probability(w, bos=True) for w in (one, other))
        assert overlap(one, other) == pytest.approx(expected, rel=1e-9)
        assert overlap(one, other) == pytest.approx(overlap(other, one), rel=1e-12)


def test_words_that_the_model_lacks_are_not_taken_for_others() -> None:
    assert ContextOverlap(estimate_ngram(TEXT, 2))("ann", "zebra") == 0.0


def test_a_model_without_sentences_is_refused() -> None:
    model = estimate_ngram(TEXT, 1)
    names = tuple(word.replace("</s>", "end") for word in model.vocabulary)
    with pytest.raises(GrammarError, match="has no <s> or </s>"):
        ContextOverlap(NgramModel(names, model.orders))
