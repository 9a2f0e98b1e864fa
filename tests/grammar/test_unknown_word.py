"""`with_unknown`: sums of one, ratios kept, contexts forgotten."""

from __future__ import annotations

import numpy as np
import pytest

from fsaasr.core.errors import GrammarError
from fsaasr.grammar import NgramModel, NgramOrder, estimate_ngram, normalization_error, read_arpa, with_unknown

MODEL = estimate_ngram([line.split() for line in ("a b c", "a b", "c a b b", "b c", "a")], 3)


@pytest.mark.parametrize("probability", [None, 0.1, 0.9])
def test_probabilities_sum_to_one(probability: float) -> None:
    changed = with_unknown(MODEL, probability)
    assert normalization_error(changed) < 1e-9
    if probability is not None:
        assert 10 ** changed.log10_prob(["<unk>"], bos=False, eos=False)[0] == pytest.approx(probability)
        rest = [10 ** m.log10_prob(["a"], bos=False, eos=False)[0] for m in (MODEL, changed)]
        other = [10 ** m.log10_prob(["b"], bos=False, eos=False)[0] for m in (MODEL, changed)]
        assert rest[0] / other[0] == pytest.approx(rest[1] / other[1])


def test_listed_ngrams_stay() -> None:
    changed = with_unknown(MODEL, 0.2)
    for words in (["a", "b"], ["c", "a", "b"]):
        before, after = MODEL.log10_prob(words, eos=False), changed.log10_prob(words, eos=False)
        assert after[-1] == pytest.approx(before[-1])


def test_after_an_unknown_word_there_is_no_context() -> None:
    listed = NgramModel(
        ("<s>", "</s>", "<UNK>", "a"),
        (
            NgramOrder(np.arange(4)[:, None], np.log10([1e-9, 0.2, 0.3, 0.5]), np.log10([1, 1, 0.5, 0.8])),
            NgramOrder(np.array([[2, 3], [3, 2]]), np.log10([0.75, 0.44]), np.zeros(2)),
        ),
    )
    changed = with_unknown(listed)
    assert changed.vocabulary[2] == "<unk>"
    after = changed.log10_prob(["a", "<unk>", "a"], bos=False, eos=False)
    assert after == pytest.approx(np.log10([0.5, 0.44, 0.5]))
    assert with_unknown(read_arpa("data/arpa/tiny.3.arpa"), 0.1).unknown_id is not None


def test_what_is_missing_is_named() -> None:
    closed = NgramModel(("a", "</s>"), (NgramOrder(np.arange(2)[:, None], np.log10([0.5, 0.5]), np.zeros(2)),))
    with pytest.raises(GrammarError, match="share of unknown words"):
        with_unknown(closed)
    assert with_unknown(closed, 0.5).vocabulary == ("a", "</s>", "<unk>")
    with pytest.raises(GrammarError, match="0 < p < 1"):
        with_unknown(closed, 0.0)
