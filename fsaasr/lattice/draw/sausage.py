"""A confusion network as a sausage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from fsaasr.core.scores import Seconds
from fsaasr.lattice.draw.svg import (
    LINE,
    MARGIN,
    MIN_WIDTH,
    SMALL,
    Axis,
    counted,
    element,
    isolated,
    notes,
    picture,
    shortened,
    text,
    text_width,
    time_axis,
    title,
)

NO_WORD = "–"
"""How a bin says that there may be no word."""
MAX_WORDS = 8
"""Words of a bin that can still be read."""

_MAX_LABEL = 150.0
_NUMBER = text_width("0.00", SMALL)
_PAD = 6.0
_GAP = 8.0
_MIN_SCALE = 60.0
_MIN_SPAN = 240.0
_AIR = 1.15
"""How much wider than its bins a picture is, so that they stand near their time."""
_ROW = 24.0
_LINKS = 30.0
_STYLE = """
.lattice-picture .bin { stroke: currentColor; stroke-opacity: .3; fill: none; }
.lattice-picture .link { fill-opacity: .08; }
.lattice-picture .bar { fill-opacity: .16; }
.lattice-picture .best.bar { fill: var(--best); fill-opacity: .3; }
.lattice-picture .number { font-size: 11px; opacity: .75; font-variant-numeric: tabular-nums; }
"""


class Bin(NamedTuple):
    """A place of a confusion network.

    Attributes:
      begin, end: frames, begin <= end.
      words: words with their posteriors; an empty word is the chance that nothing was said.
    """

    begin: int
    end: int
    words: Sequence[Tuple[str, float]]


@dataclass(frozen=True)
class _Column:
    """A bin, ready to be drawn.

    Attributes:
      begin, end: seconds. left, width: pixels.
      words: the probable ones, best first. left_out: how many others there are.
    """

    begin: Seconds
    end: Seconds
    words: List[Tuple[str, float]]
    left_out: int
    width: float
    left: float = 0.0


def sausage_svg(
    bins: Sequence[Bin], frame_shift: Seconds, utterance: str = "", reference: str = "", min_posterior: float = 0.01
) -> str:
    """Bins one after the other, each over its stretch of time: an SVG element ready to stand in HTML.

    The words of a bin stand one below the other, best first and bold, with bars as long as they are probable;
    a dash is the chance that nothing was said.

    Args:
      bins: in order of time.
      frame_shift: seconds a frame.
      utterance: id.
      reference: what was said, written below.
      min_posterior: 0 .. 1; less probable words are left out, but for the best of each bin, and so are those beyond
        MAX_WORDS of a bin; a line says how many.
    """
    columns = [_column(bin_, frame_shift, min_posterior) for bin_ in bins]
    total = sum(column.width for column in columns) + _GAP * max(0, len(columns) - 1)
    duration = max((column.end for column in columns), default=0.0)
    scale = max(_AIR * total, _MIN_SPAN, _MIN_SCALE * duration) / duration if duration else _MIN_SPAN
    axis = Axis(1.5 * MARGIN, scale, duration)
    return _svg(axis, _side_by_side(columns, axis), utterance, reference)


def _column(bin_: Bin, frame_shift: Seconds, min_posterior: float) -> _Column:
    ordered = sorted(bin_.words, key=lambda entry: -entry[1])
    kept = [entry for place, entry in enumerate(ordered) if place == 0 or entry[1] >= min_posterior][:MAX_WORDS]
    labels = [shortened(word or NO_WORD, _MAX_LABEL) for word, _ in kept]
    width = max([text_width(label) for label in labels], default=0.0) + _NUMBER + 3 * _PAD
    return _Column(bin_.begin * frame_shift, bin_.end * frame_shift, kept, len(ordered) - len(kept), width)


def _side_by_side(columns: Sequence[_Column], axis: Axis) -> List[_Column]:
    """Columns as near to the middle of their time as the others let them."""
    widths = np.array([column.width for column in columns])
    before = np.cumsum(widths + _GAP) - (widths + _GAP)
    wanted = np.array([axis.x((column.begin + column.end) / 2) - column.width / 2 for column in columns])
    # What is left of a place once the columns before it are taken away never falls. Columns that are in each
    # other's way are halfway between being pushed right and being pushed left.
    slack = wanted - before
    slack = (np.maximum.accumulate(slack) + np.minimum.accumulate(slack[::-1])[::-1]) / 2
    room = axis.scale * axis.duration - (before[-1] + widths[-1] if len(widths) else 0.0)
    slack = np.clip(slack, axis.left, axis.left + max(0.0, room))
    return [replace(column, left=float(left)) for column, left in zip(columns, slack + before)]


def _svg(axis: Axis, columns: Sequence[_Column], utterance: str, reference: str) -> str:
    foot = MARGIN + _ROW * max((len(column.words) for column in columns), default=1)
    bottom = foot + _LINKS
    ends = [axis.x(axis.duration), *(column.left + column.width for column in columns)]
    width = max(MIN_WIDTH, max(ends) + 1.5 * MARGIN)
    left_out = sum(column.left_out for column in columns)
    counts = counted(len(columns), "bin") + f"; {counted(left_out, 'less probable word')} left out" * bool(left_out)
    remarks = [f"Reference: {isolated(reference)}"] * bool(reference)
    remarks.append(f"{utterance}: {counts}. Bars: posterior. Bold: best. {NO_WORD} no word.".lstrip(": "))
    below, height = notes(remarks, bottom + 2 * LINE, width)
    parts = [
        element("style", _STYLE),
        time_axis(axis, bottom, bottom),
        *(_link(axis, column, foot, bottom) for column in columns),
        *(_drawn(column) for column in columns),
        *below,
    ]
    words = isolated(" ".join(word for column in columns for word, _ in column.words[:1] if word) or "no words")
    description = f"{axis.duration:.2f} seconds from left to right. Best words: {words}. {' '.join(remarks)}"
    return picture((width, height), f"Confusion network of {utterance}", description, parts)


def _link(axis: Axis, column: _Column, foot: float, bottom: float) -> str:
    """From a column down to its stretch of time."""
    begin, end = axis.x(column.begin), max(axis.x(column.end), axis.x(column.begin) + 1)
    left, right, top = column.left, column.left + column.width, MARGIN + _ROW * len(column.words)
    shape = f"M{left:.1f} {top:.1f}H{right:.1f}V{foot:.1f}L{end:.1f} {bottom:.1f}H{begin:.1f}L{left:.1f} {foot:.1f}Z"
    return element("path", d=shape, class_="link")


def _drawn(column: _Column) -> str:
    height = _ROW * len(column.words)
    frame = element("rect", x=column.left, y=MARGIN, width=column.width, height=height, rx=4, class_="bin")
    return frame + "".join(_word(column, row) for row in range(len(column.words)))


def _word(column: _Column, row: int) -> str:
    word, posterior = column.words[row]
    top = MARGIN + _ROW * row
    best = " best" * (row == 0)
    bar = element(
        "rect", x=column.left, y=top, width=column.width * min(1.0, posterior), height=_ROW, rx=2, class_="bar" + best
    )
    label = text(column.left + _PAD, top + 16, shortened(word or NO_WORD, _MAX_LABEL), class_="word" + best)
    number = text(column.left + column.width - _PAD, top + 16, f"{posterior:.2f}", class_="number", text_anchor="end")
    about = (
        f"{isolated(word) if word else 'no word'}\n{column.begin:.2f} – {column.end:.2f} s\nposterior {posterior:.3f}"
    )
    return element("g", title(about) + bar + label + number)
