"""Compiled loops of minimum Bayes risk decoding; figures 4 and 5 of Xu et al. (2011).

A reference has places for words: `wanted`, int32 (Q,), is the word of each as a number in `WeightedWords.labels`, 0
where there is room for a word that the reference lacks, and `middle`, float64 (Q,), the time around which each is.
Times of places and of arcs are fractions of the utterance, times TIE.
"""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

from fsaasr.core.kernels import njit

TIE = 1e-7
"""Decides between ways that cost the same edits: a word stands where it is near in time, and beside all places last."""


@njit(cache=True, nogil=True)
def _along(before: Any, q: int, word: int, time: float, reference: Any) -> Any:
    """Cost of the first `q` places (>= 1) if a word arc is at the last of them; `time` is its middle."""
    wanted, middle = reference
    return before[q - 1] + (word != wanted[q - 1]) + abs(time - middle[q - 1])


@njit(cache=True, nogil=True)
def _beside(before: Any, q: int) -> Any:
    """The same if it is at none of them."""
    return before[q] + 1.0 + 2.0 * TIE


@njit(cache=True, nogil=True)
def _edit_costs(before: Any, word: int, time: float, reference: Any, last: int, after: Any) -> None:
    """From the costs of the reference's prefixes before a word arc to those after it, up to `last`, into `after`."""
    wanted = reference[0]
    after[0] = _beside(before, 0)
    for q in range(1, last + 1):
        skipping = after[q - 1] + (wanted[q - 1] != 0)
        after[q] = min(_along(before, q, word, time, reference), _beside(before, q), skipping)


@njit(cache=True, nogil=True)
def edit_costs(arcs: Any, reference: Any, states: int) -> Any:
    """Expected edits, float64 (S, Q + 1), between what leads to a state and each prefix of the reference.

    Args:
      arcs: source, target, word and weight, as in `WeightedWords`, and the middle of each arc.
      reference: wanted and middle.
      states: S.
    """
    source, target, word, weight, middle = arcs
    wanted = reference[0]
    costs = np.zeros((states, len(wanted) + 1))
    for q in range(len(wanted)):
        costs[0, q + 1] = costs[0, q] + (wanted[q] != 0)
    after = np.empty(len(wanted) + 1)
    for k in range(len(source)):
        before, into, share = costs[source[k]], costs[target[k]], weight[k]
        if word[k]:
            _edit_costs(before, word[k], middle[k], reference, len(wanted), after)
            before = after
        for q in range(len(before)):
            into[q] += share * before[q]
    return costs


@njit(cache=True, nogil=True)
def _trace_arc(leaving: Any, costs: Any, word: int, time: float, reference: Any, mass: Any, bins: Any) -> Any:
    """Sends what leaves a word arc back over it, each part the way that its cost in `edit_costs` came about.

    Args:
      leaving: probability of leaving the arc at each prefix of the reference, up to the last where it can be.
      costs: of the prefixes before the arc, and after it.
      word, time, reference: as in `_edit_costs`.
      mass: probability of being before the arc at each prefix, which is added to.
      bins: probability of the word in each place of the reference and of the place being skipped (2, Q), set here.

    Returns:
      Probability of the word being in no place.
    """
    wanted = reference[0]
    before, after = costs
    passing, unplaced = 0.0, 0.0
    for q in range(len(leaving) - 1, 0, -1):
        passing += leaving[q]
        bins[0, q - 1], bins[1, q - 1] = 0.0, 0.0
        if passing == 0.0:
            continue
        along, beside = _along(before, q, word, time, reference), _beside(before, q)
        skipping = after[q - 1] + (wanted[q - 1] != 0)
        if along <= beside and along <= skipping:
            bins[0, q - 1] = passing
            mass[q - 1] += passing
            passing = 0.0
        elif beside <= skipping:
            mass[q] += passing
            unplaced += passing
            passing = 0.0
        else:
            bins[1, q - 1] = passing
    mass[0] += passing + leaving[0]
    return unplaced + passing + leaving[0]


@njit(cache=True, nogil=True)
def place_words(arcs: Any, reference: Any, costs: Any, time: Any, labels: int) -> Tuple[Any, float]:
    """Where the lattice's words stand beside the reference.

    Args:
      arcs, reference, costs: what `edit_costs` was given, and gave.
      time: frames of each state. labels: V.

    Returns:
      float64 (3, Q, V): posterior of each word in each place of the reference, 0 for the place being skipped, and
      that times the frame where it begins, and where it ends; and the expected number of words without place.
    """
    source, target, word, weight, middle = arcs
    size = len(reference[0])
    found = np.zeros((3, size, labels))
    mass = np.zeros(costs.shape)
    after, leaving, bins = np.empty(size + 1), np.empty(size + 1), np.empty((2, size))
    mass[-1, size] = 1.0
    unplaced = 0.0
    for k in range(len(source) - 1, -1, -1):
        s, t = source[k], target[k]
        last = -1
        for q in range(size + 1):
            leaving[q] = weight[k] * mass[t, q]
            if leaving[q] > 0.0:
                last = q
        if word[k] == 0:
            for q in range(last + 1):
                mass[s, q] += leaving[q]
        elif last >= 0:
            _edit_costs(costs[s], word[k], middle[k], reference, last, after)
            unplaced += _trace_arc(leaving[: last + 1], (costs[s], after), word[k], middle[k], reference, mass[s], bins)
            _collect(found, bins[:, :last], word[k], time[s], time[t])
    skipped = 0.0
    for q in range(size, 0, -1):
        skipped += mass[0, q]
        found[0, q - 1, 0] += skipped
    return found, unplaced


@njit(cache=True, nogil=True)
def _collect(found: Any, bins: Any, word: int, begin: float, end: float) -> None:
    """Adds what an arc gives to each place: its word, and places skipped right after it."""
    for q in range(bins.shape[1]):
        if bins[0, q] > 0.0:
            found[0, q, word] += bins[0, q]
            found[1, q, word] += bins[0, q] * begin
            found[2, q, word] += bins[0, q] * end
        if bins[1, q] > 0.0:
            found[0, q, 0] += bins[1, q]
            found[1, q, 0] += bins[1, q] * end
            found[2, q, 0] += bins[1, q] * end
