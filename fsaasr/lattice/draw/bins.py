"""Bins of a sausage: which words are written, and where the columns stand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from fsaasr.core.scores import Seconds
from fsaasr.lattice.draw.svg import SMALL, Axis, counted, shortened, text_width

NO_WORD = "–"
"""How a bin says that there may be no word."""
MAX_WORDS = 8
"""Words of a bin that can still be read."""
PAD = 6.0
"""Pixels around what is written in a column."""
GAP = 8.0
"""Pixels between columns."""

_MAX_LABEL = 150.0
_NUMBER = text_width("0.00", SMALL)


class Bin(NamedTuple):
    """A place where one of several words is said, or none.

    Attributes:
      begin, end: frames, begin <= end, between them too.
      words: words with their posteriors, the best first; an empty word is the chance that nothing was said.
    """

    begin: float
    end: float
    words: Sequence[Tuple[str, float]]


@dataclass(frozen=True)
class Column:
    """A bin, ready to be drawn.

    Attributes:
      begin, end: seconds.
      words: those that are written. left_out: how many others there are.
      width, left: pixels.
    """

    begin: Seconds
    end: Seconds
    words: List[Tuple[str, float]]
    left_out: int
    width: float
    left: float = 0.0


def column_of(one: Bin, frame_shift: Seconds, min_posterior: float) -> Column:
    """A bin with its probable words, at most MAX_WORDS, the best one in any case."""
    kept = [entry for place, entry in enumerate(one.words) if place == 0 or entry[1] >= min_posterior][:MAX_WORDS]
    width = max([text_width(label_of(word)) for word, _ in kept], default=0.0) + _NUMBER + 3 * PAD
    return Column(one.begin * frame_shift, one.end * frame_shift, kept, len(one.words) - len(kept), width)


def label_of(word: str) -> str:
    """What is written for a word."""
    return shortened(word or NO_WORD, _MAX_LABEL)


def side_by_side(columns: Sequence[Column], axis: Axis) -> List[Column]:
    """Columns as near to the middle of their time as the others let them."""
    widths = np.array([one.width for one in columns])
    before = np.cumsum(widths + GAP) - (widths + GAP)
    wanted = np.array([axis.x((one.begin + one.end) / 2) - one.width / 2 for one in columns])
    # What is left of a place once the columns before it are taken away never falls. Columns that are in each
    # other's way are halfway between being pushed right and being pushed left.
    slack = wanted - before
    slack = (np.maximum.accumulate(slack) + np.minimum.accumulate(slack[::-1])[::-1]) / 2
    room = axis.scale * axis.duration - (before[-1] + widths[-1] if len(widths) else 0.0)
    slack = np.clip(slack, axis.left, axis.left + max(0.0, room))
    return [replace(one, left=float(left)) for one, left in zip(columns, slack + before)]


def left_out(every: Sequence[Column], drawn: Sequence[Column]) -> str:
    """How many bins there are, and what is not drawn of them."""
    bins = counted(len(every), "bin")
    words = sum(one.left_out for one in every)
    if words == 0 and len(drawn) == len(every):
        return f"{bins}."
    shown = f"{len(drawn)} of {bins}" if len(drawn) < len(every) else bins
    return f"{shown}; {counted(words, 'less probable word')} left out."
