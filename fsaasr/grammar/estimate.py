"""N-gram models from text: interpolated modified Kneser-Ney smoothing, as KenLM's `lmplz` does it."""

from __future__ import annotations

from typing import Iterable, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GrammarError
from fsaasr.grammar.discounts import Discount, Discounts, estimate_discounts
from fsaasr.grammar.estimation_report import EstimationReport
from fsaasr.grammar.ngram_counts import BOS_ID, SPECIALS, CodedText, OrderCounts, code_text, count_ngrams
from fsaasr.grammar.ngram_index import IntArray
from fsaasr.grammar.ngram_model import LOG10_NEVER, NgramModel, NgramOrder

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MAX_ORDER = 8


def estimate_ngram(
    sentences: Iterable[Sequence[str]],
    order: int,
    *,
    prune: Sequence[int] = (),
    limit_vocabulary: Optional[Iterable[str]] = None,
    extra_words: Iterable[str] = (),
    discount_fallback: Optional[Discount] = (0.5, 1.0, 1.5),
) -> NgramModel:
    """Estimates an n-gram model with interpolated modified Kneser-Ney smoothing.

    The model is that of KenLM's `lmplz` on the same text (Heafield et al. 2013): unigrams are interpolated
    with the uniform distribution over the vocabulary with `<unk>` and without `<s>`, so that `<unk>` and words
    that the text lacks get the probability of a word never seen. An empty sentence counts as `<s> </s>`.

    Args:
      sentences: each a sequence of words, without `<s>` and `</s>`; read once.
      order: N, 1 .. 8.
      prune: for n = 1, 2, ...: drop n-grams that occur this often or less; must not decrease; the last holds
        for all further orders. () drops none, (0, 0, 1) drops trigrams that occur once (`lmplz --prune`).
      limit_vocabulary: n-grams with words that are neither here nor in `extra_words` are dropped, and what they
        had goes to the back-off (`lmplz --limit_vocab_file`).
      extra_words: words that the model shall have even if the text lacks them. The same words here and as
        `limit_vocabulary` make a closed vocabulary.
      discount_fallback: (D1, D2, D3+), Dj in 0 .. j, for orders whose discounts cannot be estimated: texts of
        few words, or of words that all are frequent (`lmplz --discount_fallback`). The orders that it served
        stand in the model's `estimation.fallback`. None raises an error instead.

    Returns:
      The model, with `estimation` filled. Time O(N T log T) for T words, about 170 bytes a word (order 3).

    Raises:
      GrammarError: order, thresholds or fallback out of range; no sentences; a malformed word; discounts that
        cannot be estimated while the fallback is None.
    """
    thresholds = _thresholds(order, prune)
    _check_fallback(discount_fallback)
    text = code_text(sentences)
    if not text.sentences:
        raise GrammarError("estimate_ngram: found no sentence; give at least one")
    extra = list(extra_words)
    words = _with_extra(text, extra)
    tables = count_ngrams(text, order, len(words))
    discounts = estimate_discounts(tables, discount_fallback)
    kept = _kept(tables, thresholds, _allowed(words, limit_vocabulary, extra), len(text.vocabulary))
    report = EstimationReport(
        sentences=text.sentences,
        tokens=len(text.ids) - 2 * text.sentences,
        counted=tuple(len(table) for table in tables),
        kept=tuple(int(mask.sum()) for mask in kept),
        discounts=discounts.values,
        fallback=discounts.fallback,
    )
    return _model(words, tables, kept, discounts, report)


def _thresholds(order: int, prune: Sequence[int]) -> List[int]:
    if not 1 <= order <= MAX_ORDER:
        raise GrammarError(f"estimate_ngram: order is {order}, expected 1 to {MAX_ORDER}")
    values = list(prune) or [0]
    if len(values) > order or min(values) < 0 or values != sorted(values):
        raise GrammarError(
            f"estimate_ngram: prune is {tuple(prune)}, expected at most {order} thresholds that never decrease, from 0"
        )
    return values + [values[-1]] * (order - len(values))


def _check_fallback(fallback: Optional[Discount]) -> None:
    if fallback is not None and not (len(fallback) == 3 and all(0 <= d <= j for j, d in enumerate(fallback, 1))):
        raise GrammarError(
            f"estimate_ngram: discount_fallback is {fallback}, expected (D1, D2, D3+), each Dj in 0 .. j"
        )


def _with_extra(text: CodedText, extra: Iterable[str]) -> Tuple[str, ...]:
    known = set(text.vocabulary)
    added = dict.fromkeys(word for word in extra if word not in known)
    for word in added:
        if word.split() != [word]:
            raise GrammarError(f"estimate_ngram: extra word {word!r}; a word is non-empty, without white space")
    return (*text.vocabulary, *added)


def _allowed(words: Sequence[str], limit: Optional[Iterable[str]], extra: Sequence[str]) -> BoolArray:
    if limit is None:
        return np.ones(len(words), dtype=bool)
    names = {*limit, *extra, *SPECIALS}
    return np.array([word in names for word in words])


def _kept(tables: Sequence[OrderCounts], thresholds: Sequence[int], allowed: BoolArray, seen: int) -> List[BoolArray]:
    """Which n-grams stay; a kept n-gram's contexts and suffixes stay too, as they occur no less often."""
    often = tables[0].raw > thresholds[0]
    often[: len(SPECIALS)] = True
    often[seen:] = True
    kept = [often & allowed]
    for table, threshold in zip(tables[1:], thresholds[1:]):
        kept.append((table.raw > threshold) & allowed[table.words] & kept[-1][table.contexts])
    return kept


def _model(
    words: Sequence[str],
    tables: Sequence[OrderCounts],
    kept: Sequence[BoolArray],
    discounts: Discounts,
    report: EstimationReport,
) -> NgramModel:
    probs: List[FloatArray] = []
    backoffs: List[FloatArray] = []
    for n, (table, mask) in enumerate(zip(tables, kept)):
        contexts = len(tables[n - 1]) if n else 1
        gamma, own = _interpolation(table, mask, discounts.values[n], contexts)
        if n:
            backoffs.append(gamma)
            probs.append(own + gamma[table.contexts] * probs[-1][table.suffixes])
        else:
            probs.append(own + gamma[0] / (mask.sum() - 1))
            probs[0][BOS_ID] = 1.0
    backoffs.append(np.ones(len(tables[-1])))
    return _compact(words, tables, kept, probs, backoffs, report)


def _interpolation(
    table: OrderCounts, kept: BoolArray, discount: Discount, contexts: int
) -> Tuple[FloatArray, FloatArray]:
    """Weight of the lower order in each context (1 where it is none), and each n-gram's own share."""
    amounts = np.array([0.0, *discount])[np.minimum(table.adjusted, 3)]
    freed = np.bincount(table.contexts, np.where(kept, amounts, table.adjusted), minlength=contexts)
    total = np.bincount(table.contexts, table.adjusted, minlength=contexts)
    gamma = np.divide(freed, total, out=np.ones(contexts), where=total > 0)
    own = (table.adjusted - amounts) / np.maximum(total, 1)[table.contexts]
    return gamma, own


def _compact(
    words: Sequence[str],
    tables: Sequence[OrderCounts],
    kept: Sequence[BoolArray],
    probs: Sequence[FloatArray],
    backoffs: Sequence[FloatArray],
    report: EstimationReport,
) -> NgramModel:
    """Drops what is not kept and renumbers the words."""
    new_ids: IntArray = np.cumsum(kept[0]) - 1
    orders: List[NgramOrder] = []
    ngrams = np.zeros((1, 0), dtype=np.int32)
    for table, mask, prob, backoff in zip(tables, kept, probs, backoffs):
        ngrams = np.column_stack([ngrams[table.contexts], new_ids[table.words].astype(np.int32)])
        with np.errstate(divide="ignore"):
            logs = np.minimum(0.0, np.log10(prob[mask]))
        backoffs_log10 = np.log10(np.maximum(backoff[mask], 10.0**LOG10_NEVER))
        orders.append(NgramOrder(ngrams[mask], logs, backoffs_log10))
    vocabulary = tuple(word for word, keep in zip(words, kept[0].tolist()) if keep)
    return NgramModel(vocabulary, tuple(orders), report)
