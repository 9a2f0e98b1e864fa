"""N-gram models in which one word stands for all that they lack."""

from __future__ import annotations

from dataclasses import replace
from typing import List, Optional

import numpy as np

from fsaasr.core.errors import GrammarError
from fsaasr.grammar.ngram_model import LOG10_NEVER, UNKNOWN_NAMES, NgramModel, NgramOrder
from fsaasr.grammar.normalization import fit_backoffs


def with_unknown(model: NgramModel, probability: Optional[float] = None) -> NgramModel:
    """The model with `<unk>` as a word that may be said.

    What follows `<unk>` is predicted as if nothing went before: n-grams with `<unk>` among their first words are left
    out, so that a graph needs one copy of whatever spells unknown words, and not one for each context.

    Args:
      model: any; its `<UNK>` becomes `<unk>`.
      probability: of `<unk>` without context, in (0, 1), e.g. the share of a text's words that the model lacks; the
        other unigrams share the rest as they did, and back-offs are made to fit. None leaves it as it is.

    Raises:
      GrammarError: a probability out of range, or none for a model without `<unk>`.
    """
    if probability is None and model.unknown_id is None:
        raise GrammarError(
            "with_unknown: the model has no <unk>; give its probability, e.g. the share of unknown words in a text"
        )
    if probability is not None and not 0.0 < probability < 1.0:
        raise GrammarError(f"with_unknown: probability is {probability}, expected 0 < p < 1")
    named = _named(model)
    kept = _without_contexts(named)
    return kept if probability is None else _with_probability(kept, probability)


def _named(model: NgramModel) -> NgramModel:
    """The model with a word called `<unk>`, of probability 0 where it had none."""
    words = list(model.vocabulary)
    if model.unknown_id is not None:
        words[model.unknown_id] = UNKNOWN_NAMES[0]
        return replace(model, vocabulary=tuple(words))
    first = model.orders[0]
    unigrams = NgramOrder(
        np.arange(len(words) + 1, dtype=np.int32)[:, None],
        np.append(first.log10_prob, -np.inf),
        np.append(first.log10_backoff, 0.0),
    )
    return replace(model, vocabulary=(*words, UNKNOWN_NAMES[0]), orders=(unigrams, *model.orders[1:]))


def _without_contexts(model: NgramModel) -> NgramModel:
    orders: List[NgramOrder] = []
    for table in model.orders:
        kept = (table.ngrams[:, :-1] != model.unknown_id).all(axis=1)
        backoff = np.where(table.ngrams[:, -1] == model.unknown_id, 0.0, table.log10_backoff)
        if kept.any():
            orders.append(NgramOrder(table.ngrams[kept], table.log10_prob[kept], backoff[kept]))
    highest = orders[-1]
    orders[-1] = replace(highest, log10_backoff=np.zeros(len(highest)))
    return replace(model, orders=tuple(orders))


def _with_probability(model: NgramModel, probability: float) -> NgramModel:
    first = model.orders[0]
    log10_prob = first.log10_prob.copy()
    own = 10.0 ** log10_prob[model.unknown_id]
    log10_prob += np.log10((1.0 - probability) / max(1.0 - own, 10.0**LOG10_NEVER))
    log10_prob[model.unknown_id] = np.log10(probability)
    if model.bos_id is not None:
        log10_prob[model.bos_id] = first.log10_prob[model.bos_id]  # never predicted
    orders = [replace(first, log10_prob=np.minimum(log10_prob, 0.0))]
    for table in model.orders[1:]:
        orders.append(table)
        orders[-2] = fit_backoffs(model.vocabulary, orders)
    return replace(model, orders=tuple(orders))
