"""Perplexity and out-of-vocabulary rate of a text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import Counter as CounterType
from typing import Iterable, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GrammarError
from fsaasr.grammar.ngram_model import NgramModel
from fsaasr.grammar.scoring import score_sentences

_BATCH = 4096  # sentences scored at once


@dataclass(frozen=True)
class PerplexityReport:
    """How well a model predicts a text; the definitions are those of KenLM's `query`.

    Attributes:
      sentences: number of sentences, empty ones too.
      words: words, without `</s>`.
      oov: words that the model lacks, or that are `<unk>` themselves.
      log10_prob: log10 probability of the words and each sentence's `</s>`; `-inf` where a word cannot occur,
        as where it is unknown and the model has no `<unk>`.
      log10_prob_known: the same without the unknown words (contexts still hold them, as `<unk>`).
      oov_words: the unknown words with their counts, most frequent first, at most 20.
    """

    sentences: int
    words: int
    oov: int
    log10_prob: float
    log10_prob_known: float
    oov_words: Tuple[Tuple[str, int], ...]

    @property
    def tokens(self) -> int:
        """Words and sentence ends."""
        return self.words + self.sentences

    @property
    def perplexity(self) -> float:
        """10 to the mean of -log10 p over all tokens, unknown words as `<unk>`; may be infinite."""
        return _power(-self.log10_prob / self.tokens)

    @property
    def perplexity_without_oov(self) -> float:
        """The same over the tokens that are no unknown words."""
        return _power(-self.log10_prob_known / (self.tokens - self.oov))

    @property
    def oov_rate(self) -> float:
        """Unknown words per word, 0 .. 1."""
        return self.oov / self.words if self.words else 0.0


def _power(exponent: float) -> float:
    return float(10.0**exponent) if exponent < 308 else float("inf")


def report_of(
    sentences: Sequence[Sequence[str]],
    log10_probs: Sequence[npt.NDArray[np.float64]],
    unknown: Sequence[Sequence[bool]],
) -> PerplexityReport:
    """The report of a text that was scored already.

    Args:
      sentences: of words.
      log10_probs: of the words of each sentence and of its end.
      unknown: which of the words of each sentence are unknown.
    """
    names: CounterType[str] = Counter()
    total = known = 0.0
    for words, scores, flags in zip(sentences, log10_probs, unknown):
        total += float(scores.sum())
        known += float(scores[~np.array([*flags, False])].sum())
        names.update(word for word, flag in zip(words, flags) if flag)
    count, oov = sum(map(len, sentences)), sum(names.values())
    return PerplexityReport(len(sentences), count, oov, total, known, tuple(names.most_common(20)))


def perplexity(model: NgramModel, sentences: Iterable[Sequence[str]]) -> PerplexityReport:
    """Scores a text, each sentence from `<s>` to `</s>`.

    Args:
      model: any order, with `<s>` and `</s>`.
      sentences: each a sequence of words; read once.

    Raises:
      GrammarError: no sentence; a sentence that is a string; the model has no `<s>` or no `</s>`.
    """
    count = words = oov = 0
    total = known = 0.0
    names: CounterType[str] = Counter()
    stream = iter(sentences)
    while True:
        batch = list(islice(stream, _BATCH))
        if not batch:
            break
        scored = score_sentences(model, batch)
        count += len(batch)
        words += sum(map(len, batch))
        oov += int(scored.unknown.sum())
        total += float(scored.log10_prob.sum())
        known += float(scored.log10_prob[~scored.unknown].sum())
        if scored.unknown.any():
            tokens = (word for sentence in batch for word in (*sentence, "</s>"))
            names.update(word for word, unknown in zip(tokens, scored.unknown.tolist()) if unknown)
    if not count:
        raise GrammarError("perplexity: found no sentence; give at least one")
    return PerplexityReport(count, words, oov, total, known, tuple(names.most_common(20)))
