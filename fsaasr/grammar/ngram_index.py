"""Finding n-grams: each n-gram is its context's row and its last word."""

from __future__ import annotations

from typing import List, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
IdArray = Union[npt.NDArray[np.int32], npt.NDArray[np.int64]]


def find_sorted(keys: IntArray, wanted: IntArray) -> IntArray:
    """Position of each `wanted` in the ascending `keys`, -1 where it is absent."""
    if not len(keys):
        return np.full(len(wanted), -1, dtype=np.int64)
    position = np.searchsorted(keys, wanted)
    position[position == len(keys)] = 0
    return np.where(keys[position] == wanted, position, -1)


class NgramIndex:
    """Rows of n-grams, found by binary search.

    The key of an n-gram (n > 1) is `context row * V + last word`, where the context row is that of its first
    n - 1 words. Rows that are sorted lexicographically have ascending keys, so the index needs no memory
    beyond one int64 per n-gram.

    Attributes:
      size: V, number of words; unigram row w is word w.
      context_rows: for n = 1 .. N, int64 (K,): row in order n - 1 of each n-gram's first n - 1 words; zeros
        for n = 1; -1 where the context is no (n-1)-gram.
    """

    def __init__(self, size: int, tables: Sequence[npt.NDArray[np.int32]]) -> None:
        """Args:
        size: V.
        tables: for n = 1 .. N the n-grams, int32 (K, n), rows sorted lexicographically.
        """
        self.size = size
        self._keys: List[IntArray] = [np.arange(size, dtype=np.int64)]
        rows: List[IntArray] = [np.zeros(size, dtype=np.int64)]
        for table in tables[1:]:
            contexts = self.find(table[:, :-1])
            rows.append(contexts)
            self._keys.append(contexts * size + table[:, -1])
        self.context_rows: Tuple[IntArray, ...] = tuple(rows)

    def ascending(self, order: int) -> bool:
        """Whether the rows of `order` (1 .. N) are sorted and distinct."""
        keys = self._keys[order - 1]
        return bool((keys[1:] > keys[:-1]).all())

    def extend(self, order: int, context_rows: IntArray, words: IdArray) -> IntArray:
        """Rows of the n-grams that are a context and one more word.

        Args:
          order: n, 2 .. N.
          context_rows: (M,) rows in order n - 1; -1 for none.
          words: (M,) word ids; -1 for none.

        Returns:
          int64 (M,): rows in order n, -1 where there is no such n-gram.
        """
        keys = context_rows * self.size + words
        return find_sorted(self._keys[order - 1], np.where((context_rows < 0) | (words < 0), -1, keys))

    def find(self, ngrams: IdArray) -> IntArray:
        """Rows of `ngrams` (M, n), int64 (M,); -1 where there is no such n-gram or a word id is -1."""
        rows = ngrams[:, 0].astype(np.int64)
        for order in range(2, ngrams.shape[1] + 1):
            rows = self.extend(order, rows, ngrams[:, order - 1])
        return rows
