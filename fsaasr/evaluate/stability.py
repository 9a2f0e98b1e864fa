"""How much the partial results of a stream change their mind."""

from __future__ import annotations

from typing import Sequence


def unstable_word_ratio(partials: Sequence[Sequence[str]]) -> float:
    """Words that a stream showed and took back, for each word of its last result (Shangguan et al. 2020).

    Args:
      partials: the words shown, one result after the other; the last one is final.

    Returns:
      0 where words were only ever added; each word that a later result replaces or drops counts once each time.
      Of a last result without words, the number of words taken back.
    """
    taken_back = 0
    for before, after in zip(partials, partials[1:]):
        same = 0
        while same < min(len(before), len(after)) and before[same] == after[same]:
            same += 1
        taken_back += len(before) - same
    return taken_back / max(1, len(partials[-1]) if partials else 0)
