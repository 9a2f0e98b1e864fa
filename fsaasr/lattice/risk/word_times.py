"""Times that neither overlap nor go back, from times that were averaged word by word."""

from __future__ import annotations

from typing import List, Tuple

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]


def separated(begin: Float64, end: Float64, probability: Float64) -> Tuple[Float64, Float64]:
    """Begins and ends (W,) with `end[w] <= begin[w + 1]`, changed only where words overlap.

    Words that overlap, or that touch such words, share the stretch that they cover together, in order, in proportion
    to their durations times their probabilities: as Kaldi does with two words, but that the improbable give way. A word
    that had a duration and a probability keeps one.
    """
    stretches: List[Tuple[int, float, float]] = []
    for word, (left, right) in enumerate(zip(begin.tolist(), end.tolist())):
        first = word
        while stretches and stretches[-1][2] > left:
            first, earlier, later = stretches.pop()
            left, right = min(earlier, left), max(later, right)
        stretches.append((first, left, right))
    begin, end, weight = begin.copy(), end.copy(), (end - begin) * probability
    ends = [first for first, _, _ in stretches[1:]] + [len(begin)]
    for (first, left, right), last in zip(stretches, ends):
        if last - first > 1:
            share = np.cumsum(weight[first:last] if weight[first:last].any() else np.ones(last - first))
            cuts = left + (right - left) * share / share[-1]
            begin[first:last] = np.concatenate([[left], cuts[:-1]])
            end[first:last] = np.concatenate([cuts[:-1], [right]])
    return begin, end
