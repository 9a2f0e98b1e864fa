"""Whether a model's probabilities sum to one."""

from __future__ import annotations

from typing import List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.grammar.ngram_index import IntArray
from fsaasr.grammar.ngram_model import LOG10_NEVER, NgramModel, NgramOrder
from fsaasr.grammar.scoring import ngram_scores

FloatArray = npt.NDArray[np.float64]

_ROUNDING = 1e-12


def listed_mass(model: NgramModel, n: int) -> Tuple[FloatArray, FloatArray]:
    """Probability that each context's listed n-grams have, and would have by the lower order.

    Args:
      model: any order.
      n: 2 .. N; of the model's contexts only those below n - 1 words need a right back-off.

    Returns:
      Two float64 (K,), K the number of (n-1)-grams: sum over the listed `h w` of p(w | h), and of p(w | h') with
      h' the context without its first word. `<s>`, which is never predicted, is left out of both.
    """
    table = model.orders[n - 1]
    contexts = model.index.context_rows[n - 1]
    predicted = table.ngrams[:, -1] != (-1 if model.bos_id is None else model.bos_id)
    own = np.where(predicted, 10.0**table.log10_prob, 0.0)
    lower = np.where(predicted, 10.0 ** ngram_scores(model, table.ngrams[:, 1:]), 0.0)
    size = len(model.orders[n - 2])
    own_sums: FloatArray = np.bincount(contexts, own, minlength=size).astype(np.float64)
    lower_sums: FloatArray = np.bincount(contexts, lower, minlength=size).astype(np.float64)
    return own_sums, lower_sums


def _longest_suffix_sums(model: NgramModel, table: NgramOrder, sums: List[FloatArray]) -> FloatArray:
    """The sum of each context's longest listed proper suffix; `sums` holds those of fewer words."""
    result = np.full(len(table), sums[0][0])
    length = table.ngrams.shape[1]
    for start in range(length - 1, 0, -1):
        rows: IntArray = model.index.find(table.ngrams[:, start:])
        result = np.where(rows < 0, result, sums[length - start][rows])
    return result


def context_sums(model: NgramModel) -> Tuple[FloatArray, ...]:
    """Sum of p(w | h) over all words w but `<s>`, for every context h that the model lists.

    Returns:
      For h of 0, 1, .. N - 1 words, float64 (K,): one sum a context, (1,) for the empty one. All are 1 in a
      proper model. Time O(K log K) for K n-grams, whatever the vocabulary.
    """
    unigrams = 10.0 ** model.orders[0].log10_prob
    if model.bos_id is not None:
        unigrams[model.bos_id] = 0.0
    sums: List[FloatArray] = [np.array([unigrams.sum()])]
    for n in range(2, model.order + 1):
        own, lower = listed_mass(model, n)
        table = model.orders[n - 2]
        sums.append(own + 10.0**table.log10_backoff * (_longest_suffix_sums(model, table, sums) - lower))
    return tuple(sums)


def normalization_error(model: NgramModel) -> float:
    """Largest distance from 1 of the sum of p(w | h) over all words but `<s>`, over all listed contexts h.

    About 1e-15 for a model made here, 1e-6 for an ARPA file with float32 numbers, 1e-3 for one of four digits;
    more means that the file's back-offs do not belong to its probabilities.
    """
    return max(float(np.abs(sums - 1.0).max()) for sums in context_sums(model) if len(sums))


def fit_backoffs(vocabulary: Tuple[str, ...], orders: Sequence[NgramOrder]) -> NgramOrder:
    """The last order but one, with back-offs that make its contexts sum to one."""
    table = orders[-2]
    own, lower = listed_mass(NgramModel(vocabulary, tuple(orders)), len(orders))
    left, unlisted = 1.0 - own, 1.0 - lower
    # Where a context lists the whole vocabulary both are 0 but for rounding, and the back-off is never used.
    used = (unlisted > _ROUNDING) & (own > 0)
    ratio = np.divide(np.maximum(left, 10.0**LOG10_NEVER), unlisted, out=np.ones(len(table)), where=used)
    return NgramOrder(table.ngrams, table.log10_prob, np.log10(ratio))
