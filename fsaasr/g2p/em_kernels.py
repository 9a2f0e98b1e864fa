"""Compiled sums over the alignments of letters and tokens."""

from __future__ import annotations

from typing import Any

import numpy as np

from fsaasr.core.kernels import njit


@njit(cache=True, nogil=True)
def expected_counts(words: Any, sizes: Any, prob: Any, scale: float, counts: Any) -> Any:
    """One expectation step: adds each unit's posterior counts to `counts`.

    Args:
      words: offsets of letters (W + 1,) and of tokens (W + 1,); numbers of the strings of 0, 1, ... letters that begin
        at each letter (L + 1, letters); the same for tokens.
      sizes: (K, 2) letters and tokens of each kind of unit.
      prob: (strings of letters, strings of tokens) probabilities of units.
      scale: factor for each letter, against underflow.

    Returns:
      float64 (W,): log of the sum over all alignments of each word; -inf where there is none.
    """
    letter_offsets, token_offsets, letter_strings, token_strings = words
    total = np.full(len(letter_offsets) - 1, -np.inf)
    for w in range(len(total)):
        rows, columns = letter_offsets[w + 1] - letter_offsets[w], token_offsets[w + 1] - token_offsets[w]
        first, second = letter_offsets[w], token_offsets[w]
        forward, backward = np.zeros((rows + 1, columns + 1)), np.zeros((rows + 1, columns + 1))
        forward[0, 0] = 1.0
        backward[rows, columns] = 1.0
        for i in range(rows + 1):
            for j in range(columns + 1):
                for k in range(len(sizes)):
                    a, b = sizes[k]
                    if a <= i and b <= j and forward[i - a, j - b] > 0.0:
                        p = prob[letter_strings[a, first + i - a], token_strings[b, second + j - b]] * scale**a
                        forward[i, j] += forward[i - a, j - b] * p
        whole = forward[rows, columns]
        if whole == 0.0:
            continue
        total[w] = np.log(whole) - rows * np.log(scale)
        for i in range(rows, -1, -1):
            for j in range(columns, -1, -1):
                for k in range(len(sizes)):
                    a, b = sizes[k]
                    if i + a > rows or j + b > columns or backward[i + a, j + b] == 0.0:
                        continue
                    letters, tokens = letter_strings[a, first + i], token_strings[b, second + j]
                    p = prob[letters, tokens] * scale**a * backward[i + a, j + b]
                    backward[i, j] += p
                    counts[letters, tokens] += forward[i, j] * p / whole
    return total


@njit(cache=True, nogil=True)
def best_alignments(words: Any, sizes: Any, log_prob: Any) -> Any:
    """The best alignment of each word.

    Args:
      words, sizes: as in `expected_counts`. log_prob: of units.

    Returns:
      int64 (W + 1,) offsets; int64 (U, 2): strings of letters and tokens of the units, word after word; no units for
      a word without alignment.
    """
    letter_offsets, token_offsets, letter_strings, token_strings = words
    count = len(letter_offsets) - 1
    offsets = np.zeros(count + 1, np.int64)
    units = np.zeros((len(letter_strings[0]) + len(token_strings[0]), 2), np.int64)
    place = 0
    for w in range(count):
        rows, columns = letter_offsets[w + 1] - letter_offsets[w], token_offsets[w + 1] - token_offsets[w]
        first, second = letter_offsets[w], token_offsets[w]
        best = np.full((rows + 1, columns + 1), -np.inf)
        via = np.zeros((rows + 1, columns + 1), np.int64)
        best[rows, columns] = 0.0
        for i in range(rows, -1, -1):
            for j in range(columns, -1, -1):
                for k in range(len(sizes)):
                    a, b = sizes[k]
                    if i + a <= rows and j + b <= columns:
                        score = log_prob[letter_strings[a, first + i], token_strings[b, second + j]]
                        score += best[i + a, j + b]
                        if score > best[i, j]:
                            best[i, j] = score
                            via[i, j] = k
        if best[0, 0] > -np.inf:
            i, j = 0, 0
            while i < rows or j < columns:
                a, b = sizes[via[i, j]]
                units[place, 0] = letter_strings[a, first + i]
                units[place, 1] = token_strings[b, second + j]
                place += 1
                i, j = i + a, j + b
        offsets[w + 1] = place
    return offsets, units[:place]
