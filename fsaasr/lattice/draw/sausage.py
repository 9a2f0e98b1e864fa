"""A confusion network as a sausage."""

from __future__ import annotations

from typing import List, Sequence

from fsaasr.core.scores import Seconds
from fsaasr.core.symbols import EPSILON
from fsaasr.lattice.draw.bins import GAP, NO_WORD, PAD, Bin, Column, column_of, label_of, left_out, side_by_side
from fsaasr.lattice.draw.svg import (
    LINE,
    MARGIN,
    MIN_WIDTH,
    Axis,
    element,
    isolated,
    notes,
    picture,
    text,
    time_axis,
    title,
)
from fsaasr.lattice.risk.confusion_network import ConfusionNetwork

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


def confusion_network_svg(network: ConfusionNetwork, reference: str = "", min_posterior: float = 0.01) -> str:
    """A confusion network as `sausage_svg` draws it; the first entry of each bin is the best."""
    bins = [
        Bin(begin, end, [("" if entry.word == EPSILON else entry.word, entry.posterior) for entry in entries])
        for begin, end, entries in zip(
            network.bin_begin.tolist(), network.bin_end.tolist(), map(network.entries, range(len(network)))
        )
    ]
    return sausage_svg(bins, network.frame_shift, network.utterance, reference, min_posterior)


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
        MAX_WORDS of a bin, and bins that are left without word; a line says how many.
    """
    every = [column_of(one, frame_shift, min_posterior) for one in bins]
    columns = [one for one in every if any(word for word, _ in one.words)]
    total = sum(one.width for one in columns) + GAP * max(0, len(columns) - 1)
    duration = max((one.end for one in every), default=0.0)
    scale = max(_AIR * total, _MIN_SPAN, _MIN_SCALE * duration) / duration if duration else _MIN_SPAN
    axis = Axis(1.5 * MARGIN, scale, duration)
    remarks = [f"Reference: {isolated(reference)}"] * bool(reference)
    remarks.append(
        f"{utterance}: {left_out(every, columns)} Bars: posterior. Bold: best. {NO_WORD} no word.".lstrip(": ")
    )
    return _svg(axis, side_by_side(columns, axis), utterance, remarks)


def _svg(axis: Axis, columns: Sequence[Column], utterance: str, remarks: List[str]) -> str:
    foot = MARGIN + _ROW * max((len(column.words) for column in columns), default=1)
    bottom = foot + _LINKS
    ends = [axis.x(axis.duration), *(column.left + column.width for column in columns)]
    width = max(MIN_WIDTH, max(ends) + 1.5 * MARGIN)
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


def _link(axis: Axis, column: Column, foot: float, bottom: float) -> str:
    """From a column down to its stretch of time."""
    begin, end = axis.x(column.begin), max(axis.x(column.end), axis.x(column.begin) + 1)
    left, right, top = column.left, column.left + column.width, MARGIN + _ROW * len(column.words)
    shape = f"M{left:.1f} {top:.1f}H{right:.1f}V{foot:.1f}L{end:.1f} {bottom:.1f}H{begin:.1f}L{left:.1f} {foot:.1f}Z"
    return element("path", d=shape, class_="link")


def _drawn(column: Column) -> str:
    height = _ROW * len(column.words)
    frame = element("rect", x=column.left, y=MARGIN, width=column.width, height=height, rx=4, class_="bin")
    return frame + "".join(_word(column, row) for row in range(len(column.words)))


def _word(column: Column, row: int) -> str:
    word, posterior = column.words[row]
    top = MARGIN + _ROW * row
    best = " best" * (row == 0)
    bar = element(
        "rect", x=column.left, y=top, width=column.width * min(1.0, posterior), height=_ROW, rx=2, class_="bar" + best
    )
    label = text(column.left + PAD, top + 16, label_of(word), class_="word" + best)
    number = text(column.left + column.width - PAD, top + 16, f"{posterior:.2f}", class_="number", text_anchor="end")
    about = (
        f"{isolated(word) if word else 'no word'}\n{column.begin:.2f} – {column.end:.2f} s\nposterior {posterior:.3f}"
    )
    return element("g", title(about) + bar + label + number)
