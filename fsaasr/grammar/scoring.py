"""Back-off scores of many words at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, List, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GrammarError
from fsaasr.grammar.ngram_index import IdArray, IntArray

if TYPE_CHECKING:
    from fsaasr.grammar.ngram_model import NgramModel

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ScoredWords:
    """Scores of the words of one or more sentences, one after another, `</s>` included where it is scored.

    Attributes:
      log10_prob: float64 (W,); `-inf` where the word is unknown and the model has no `<unk>`.
      unknown: bool (W,): the word is not in the model.
    """

    log10_prob: FloatArray
    unknown: BoolArray


def backoff_scores(model: NgramModel, ids: IntArray, first: BoolArray) -> FloatArray:
    """Log10 p(word | words before it), for every word of a text.

    Args:
      model: any order.
      ids: (T,) word ids, -1 for a word that the model lacks.
      first: (T,) True where a word has no context: at the first word (or `<s>`) of each sentence.

    Returns:
      float64 (T,); `-inf` at words of id -1. Time O(T N log K).
    """
    scores = np.where(ids < 0, -np.inf, model.orders[0].log10_prob[ids])
    rows = ids
    for n in range(2, model.order + 1):
        contexts = np.concatenate([[-1], rows[:-1]])
        contexts[first] = -1
        lower, upper = model.orders[n - 2], model.orders[n - 1]
        if not len(lower):
            break
        scores = scores + np.where(contexts < 0, 0.0, lower.log10_backoff[contexts])
        rows = model.index.extend(n, contexts, ids)
        if len(upper):
            scores = np.where(rows < 0, scores, upper.log10_prob[rows])
    return scores


def ngram_scores(model: NgramModel, ngrams: IdArray) -> FloatArray:
    """Log10 p(last word | words before) of each row of `ngrams` (M, n), listed or not; float64 (M,)."""
    ids = ngrams.astype(np.int64)
    first = np.zeros(ids.shape, dtype=bool)
    first[:, 0] = True
    return backoff_scores(model, ids.ravel(), first.ravel()).reshape(ids.shape)[:, -1]


def score_sentences(
    model: NgramModel, sentences: Sequence[Sequence[str]], bos: bool = True, eos: bool = True
) -> ScoredWords:
    """Scores sentences, each on its own; arguments as in `NgramModel.log10_prob`."""
    for wanted, marker, name in ((bos, model.bos_id, "<s>"), (eos, model.eos_id, "</s>")):
        if wanted and marker is None:
            raise GrammarError(
                f"score_sentences: the model has no {name}; score with {'bos' if name == '<s>' else 'eos'}=False"
            )
    ids: List[int] = []
    lengths: List[int] = []
    head = [model.bos_id] if bos and model.bos_id is not None else []
    tail = [model.eos_id] if eos and model.eos_id is not None else []
    for words in sentences:
        if isinstance(words, str):
            raise GrammarError(f"score_sentences: found the string {words!r} as a sentence; give the list of its words")
        ids += head
        ids += [model.ids.get(word, -1) for word in words]
        ids += tail
        lengths.append(len(head) + len(words) + len(tail))
    flat = np.array(ids, dtype=np.int64)
    first = np.zeros(len(flat), dtype=bool)
    sizes = np.array(lengths, dtype=np.int64)
    first[(np.cumsum(sizes) - sizes)[sizes > 0]] = True
    unknown = flat < 0
    if model.unknown_id is not None:
        unknown |= flat == model.unknown_id
        flat = np.where(flat < 0, model.unknown_id, flat)
    scored = ~first if bos else np.ones(len(flat), dtype=bool)
    return ScoredWords(backoff_scores(model, flat, first)[scored], unknown[scored])
