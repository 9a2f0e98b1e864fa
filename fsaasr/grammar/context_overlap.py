"""How far two words stand in the same contexts."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Tuple

import numpy as np

from fsaasr.core.errors import GrammarError
from fsaasr.grammar.ngram_model import NgramModel


class ContextOverlap:
    """Of two words a and b, the sum over contexts h of p(h) min(p(a | h), p(b | h)), by the word before.

    If a and b sounded the same, the best guess from the word before alone would be one of them, and wrong, at this
    share of all places (Bayes' error). p(h) is the unigram probability, that of `</s>` for a sentence's beginning;
    longer contexts do not count.
    """

    def __init__(self, model: NgramModel) -> None:
        """Takes the model; raises GrammarError where it has no sentence marks."""
        if model.bos_id is None or model.eos_id is None:
            raise GrammarError("ContextOverlap: the model has no <s> or </s>; use one of sentences")
        self._ids = model.ids
        self._unigram = 10.0 ** model.orders[0].log10_prob
        self._context = self._unigram.copy()
        self._context[model.bos_id], self._context[model.eos_id] = self._context[model.eos_id], 0.0
        self._model = model

    def __call__(self, word: str, other: str) -> float:
        """The overlap of two words, 0 .. 1; 0 where the model lacks one."""
        if word not in self._ids or other not in self._ids:
            return 0.0
        a, b = self._ids[word], self._ids[other]
        backoff, total, listed = self._bigrams
        contexts = np.union1d(listed(a)[0], listed(b)[0])
        probabilities = []
        for number in (a, b):
            own = backoff[contexts] * self._unigram[number]
            at, values = listed(number)
            own[np.searchsorted(contexts, at)] = values
            probabilities.append(own)
        here = self._context[contexts]
        # In all other contexts both have their back-off probability.
        rest = total - float(here @ backoff[contexts])
        return float(here @ np.minimum(*probabilities)) + rest * float(min(self._unigram[a], self._unigram[b]))

    @cached_property
    def _bigrams(self) -> Tuple[Any, float, Any]:
        """Back-offs of contexts, their mean, and a function from a word to the contexts that list it."""
        backoff = 10.0 ** self._model.orders[0].log10_backoff
        rows: Any = np.zeros((0, 2), np.int64)
        values = np.zeros(0)
        if self._model.order == 1:
            backoff = np.ones(len(self._unigram))
        else:
            rows, values = self._model.orders[1].ngrams, 10.0 ** self._model.orders[1].log10_prob
        order = np.lexsort((rows[:, 0], rows[:, 1]))
        rows, values = rows[order], values[order]

        def listed(word: int) -> Tuple[Any, Any]:
            begin, end = np.searchsorted(rows[:, 1], [word, word + 1])
            return rows[begin:end, 0], values[begin:end]

        return backoff, float(self._context @ backoff), listed
