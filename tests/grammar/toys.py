"""Random models and a plain-Python back-off, which shares no code with the library's."""

import math
from pathlib import Path

import numpy as np

from fsaasr.grammar import NgramModel, NgramOrder

DATA = Path(__file__).resolve().parents[2] / "data"


def table(model):
    """All n-grams as a dictionary: words to (log10 probability, log10 back-off)."""
    return {
        tuple(model.vocabulary[i] for i in ngram): (prob, backoff)
        for order in model.orders
        for ngram, prob, backoff in zip(order.ngrams.tolist(), order.log10_prob, order.log10_backoff)
    }


def recursive_log10_prob(entries, history, word):
    """Katz's definition, word for word."""
    if (*history, word) in entries:
        return entries[(*history, word)][0]
    if not history:
        return -math.inf
    return entries.get(history, (0.0, 0.0))[1] + recursive_log10_prob(entries, history[1:], word)


def random_model(seed, order=3, size=4):
    """A model of random n-grams and numbers, not normalized; contexts listed, suffixes not always."""
    rng = np.random.default_rng(seed)
    vocabulary = ["<unk>", "<s>", "</s>", *"abcdefgh"[:size]]
    rows = [(w,) for w in range(len(vocabulary))]
    orders = []
    for n in range(1, order + 1):
        count = len(rows)
        probs = -rng.exponential(1.0, count)
        backoffs = np.where(rng.random(count) < 0.3, 0.0, rng.normal(size=count)) * (n < order)
        orders.append(NgramOrder(np.array(rows, dtype=np.int32).reshape(count, n), probs, backoffs))
        rows = sorted((*row, w) for row in rows for w in range(len(vocabulary)) if rng.random() < 0.3 and w != 1)
    return NgramModel(tuple(vocabulary), tuple(orders))


def random_text(seed, words=12, sentences=60):
    """Sentences of 0 to 7 words, some words frequent and some rare."""
    rng = np.random.default_rng(seed)
    frequencies = 1.0 / np.arange(1, words + 1)
    chosen = [rng.choice(words, size=rng.integers(0, 8), p=frequencies / frequencies.sum()) for _ in range(sentences)]
    return [[f"w{w}" for w in sentence] for sentence in chosen]
