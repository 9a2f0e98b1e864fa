"""Linear interpolation of n-gram models into one."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GrammarError
from fsaasr.grammar.ngram_model import UNKNOWN_NAMES, NgramModel, NgramOrder
from fsaasr.grammar.normalization import fit_backoffs
from fsaasr.grammar.scoring import ngram_scores

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]


def interpolate(models: Sequence[NgramModel], weights: Sequence[float]) -> NgramModel:
    """One back-off model that mixes several.

    Each n-gram that any of the models lists gets the mixture's probability, exactly; a word outside a model's
    vocabulary has probability 0 there. The back-offs are those that make every context sum to one. N-grams that
    no model lists thus get what the back-off gives, not the mixture (SRILM's `ngram -mix-lm` without `-bayes`).

    Args:
      models: one or more, of any orders and vocabularies; `<UNK>` counts as `<unk>`.
      weights: one a model, above 0, of sum 1.

    Returns:
      A model of the highest order among `models`.

    Raises:
      GrammarError: weights that do not fit.
    """
    if not models or len(weights) != len(models) or min(weights) <= 0 or abs(sum(weights) - 1) > 1e-6:
        raise GrammarError(
            f"interpolate: found weights {tuple(weights)} for {len(models)} models; "
            "expected one for each, above 0, of sum 1"
        )
    vocabulary, to_union = _union_words(models)
    to_model = [_inverse(ids, len(vocabulary)) for ids in to_union]
    orders: List[NgramOrder] = []
    for n in range(1, max(model.order for model in models) + 1):
        tables = [ids[m.orders[n - 1].ngrams] for m, ids in zip(models, to_union) if m.order >= n]
        ngrams = np.unique(np.concatenate(tables), axis=0).astype(np.int32)
        mixed = np.zeros(len(ngrams))
        for model, ids, weight in zip(models, to_model, weights):
            mixed += weight * 10.0 ** ngram_scores(model, ids[ngrams])
        with np.errstate(divide="ignore"):
            logs = np.minimum(0.0, np.log10(mixed))
        orders.append(NgramOrder(ngrams, logs, np.zeros(len(ngrams))))
        if n > 1:
            orders[-2] = fit_backoffs(vocabulary, orders)
    return NgramModel(vocabulary, tuple(orders))


def _union_words(models: Sequence[NgramModel]) -> Tuple[Tuple[str, ...], List[Int32Array]]:
    """All words, and for each model its words' ids among them."""
    table: Dict[str, int] = {}
    maps: List[Int32Array] = []
    for model in models:
        names = [UNKNOWN_NAMES[0] if i == model.unknown_id else word for i, word in enumerate(model.vocabulary)]
        maps.append(np.array([table.setdefault(name, len(table)) for name in names], dtype=np.int32))
    return tuple(table), maps


def _inverse(ids: Int32Array, size: int) -> Int32Array:
    inverse = np.full(size, -1, dtype=np.int32)
    inverse[ids] = np.arange(len(ids))
    return inverse
