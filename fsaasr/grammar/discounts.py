"""Discounts of modified Kneser-Ney smoothing (Chen and Goodman 1998, equation 26)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

import numpy as np

from fsaasr.core.errors import GrammarError
from fsaasr.grammar.ngram_counts import OrderCounts
from fsaasr.grammar.ngram_index import IntArray

Discount = Tuple[float, float, float]


@dataclass(frozen=True)
class Discounts:
    """Discounts of each order, 1 .. N.

    Attributes:
      values: (D1, D2, D3+) an order, each Dj in 0 .. j.
      fallback: orders for which there was no estimate, so that the fallback stands in `values`.
    """

    values: Tuple[Discount, ...]
    fallback: Tuple[int, ...]


def estimate_discounts(tables: Sequence[OrderCounts], fallback: Optional[Discount]) -> Discounts:
    """Estimates the discounts from how many n-grams have adjusted counts 1, 2, 3 and 4.

    With t_j n-grams of adjusted count j and y = t_1 / (t_1 + 2 t_2): Dj = j - (j + 1) y t_(j+1) / t_j. There
    is no estimate if t_1, t_2 or t_3 is 0, or a Dj is outside 0 .. j.

    Raises:
      GrammarError: there is no estimate for an order, and `fallback` is None.
    """
    counts = _statistics(tables)
    values, replaced = [], []
    for n, adjusted in enumerate(counts, 1):
        discount = _closed_form(np.bincount(np.minimum(adjusted, 5), minlength=6))
        if discount is None:
            if fallback is None:
                raise GrammarError(
                    f"estimate_ngram: the text has too few {n}-grams to estimate the discounts of order {n}; "
                    "give more text, a lower order or discount_fallback"
                )
            discount = fallback
            replaced.append(n)
        values.append(discount)
    return Discounts(tuple(values), tuple(replaced))


def _closed_form(types: IntArray) -> Optional[Discount]:
    if not types[1:4].all():
        return None
    # In float32 and in lmplz's order of operations, so that a discount of about 0 is refused by both or by none.
    t = types.astype(np.float32)
    y = t[1] / np.float32(types[1] + 2 * types[2])
    values = [float(np.float32(j) - np.float32(j + 1) * y * t[j + 1] / t[j]) for j in (1, 2, 3)]
    if any(not 0 <= value <= j for j, value in enumerate(values, 1)):
        return None
    return values[0], values[1], values[2]


def _statistics(tables: Sequence[OrderCounts]) -> Tuple[IntArray, ...]:
    """The adjusted counts, but as lmplz's statistics take them.

    lmplz streams the n-grams sorted by their last word, then the word before, and so on. Below the highest
    order, its statistics (not its probabilities) take the occurrences of the very last n-gram for its
    adjusted count. On small texts this moves the discounts, so agreeing with it means doing the same.
    """
    counts = [table.adjusted.copy() for table in tables]
    row = int(np.flatnonzero(tables[0].raw)[-1])
    for n in range(1, len(tables)):
        counts[n - 1][row] = tables[n - 1].raw[row]
        extended = np.flatnonzero(tables[n].suffixes == row)
        if not len(extended):
            break
        row = int(extended[-1])
    return tuple(counts)
