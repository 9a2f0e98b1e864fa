"""What `estimate_ngram` did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class EstimationReport:
    """How an n-gram model was estimated; tuples hold one entry an order, 1 .. N.

    Attributes:
      sentences, tokens: size of the text; tokens without `<s>` and `</s>`.
      counted: distinct n-grams of the text (unigrams with `<s>`, `</s>`, `<unk>`).
      kept: n-grams left after pruning.
      discounts: (D1, D2, D3+) subtracted from adjusted counts of 1, 2 and more.
      fallback: orders whose discounts could not be estimated, so that the given fallback was used.
    """

    sentences: int
    tokens: int
    counted: Tuple[int, ...]
    kept: Tuple[int, ...]
    discounts: Tuple[Tuple[float, float, float], ...]
    fallback: Tuple[int, ...]
