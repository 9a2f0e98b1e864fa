"""Charts of numbers: rates with intervals, stacks, lines. Each gives a figure with its data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

from fsaasr.report.drawing import Form, drawn, dress
from fsaasr.report.page.blocks import Cell, Figure, number_cell, table_of
from fsaasr.report.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = "os^Dvp*X"
"""Lines differ by marker, too, not by colour alone."""


@dataclass(frozen=True)
class Bar:
    """A value with its interval, on a line of its own.

    Attributes:
      name: of the line. group: what gives the colour.
      value, low, high: as shown.
    """

    name: str
    group: str
    value: float
    low: float
    high: float


def interval_chart(bars: Sequence[Bar], label: str, alt: str) -> Figure:
    """Values with intervals, one below the other, a colour and a marker for each group.

    Args:
      bars: at least one. label: of the axis. alt: what can be seen.
    """
    rows = [(bar.name, bar.group, number_cell(bar.value), number_cell(bar.low), number_cell(bar.high)) for bar in bars]
    data = table_of(label, ("line", "family", "value", "from", "to"), rows, 2)
    return Figure(alt, partial(_draw_intervals, tuple(bars), label), data)


def _draw_intervals(bars: Tuple[Bar, ...], label: str, theme: Theme, form: Form) -> bytes:
    from matplotlib.figure import Figure as Canvas

    groups = list(dict.fromkeys(bar.group for bar in bars))
    figure = Canvas(figsize=(11.0, 1.0 + 0.27 * len(bars)), layout="constrained")
    axes = figure.subplots()
    shown = set()
    for place, bar in enumerate(bars):
        number = groups.index(bar.group)
        colour, marker = theme.lines[number % len(theme.lines)], _MARKERS[number % len(_MARKERS)]
        axes.plot([bar.low, bar.high], [place, place], color=colour, linewidth=2, alpha=0.5)
        name = "_" + bar.group if bar.group in shown else bar.group  # such names stay out of the legend
        axes.plot([bar.value], [place], marker, color=colour, markersize=6, linestyle="none", label=name)
        shown.add(bar.group)
    axes.set_yticks(range(len(bars)), labels=[bar.name for bar in bars])
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel(label, color=theme.text)
    axes.grid(axis="x", color=theme.faint, alpha=0.3, linewidth=0.6)
    _legend(axes, theme)
    dress(axes, theme)
    return drawn(figure, form)


def stack_chart(names: Sequence[str], parts: Sequence[Tuple[str, Sequence[float]]], label: str, alt: str) -> Figure:
    """Sums made of parts, one below the other.

    Args:
      names: of the lines. parts: name of each part with its value on every line.
      label: of the axis. alt: what can be seen.
    """
    rows: List[List[Cell]] = [
        [Cell(name), *(number_cell(values[place], "{:.4f}") for _, values in parts)] for place, name in enumerate(names)
    ]
    data = table_of(label, ("line", *(part for part, _ in parts)), rows)
    made = tuple((part, tuple(values)) for part, values in parts)
    return Figure(alt, partial(_draw_stacks, tuple(names), made, label), data)


def _draw_stacks(
    names: Tuple[str, ...], parts: Tuple[Tuple[str, Tuple[float, ...]], ...], label: str, theme: Theme, form: Form
) -> bytes:
    from matplotlib.figure import Figure as Canvas

    figure = Canvas(figsize=(11.0, 1.1 + 0.3 * len(names)), layout="constrained")
    axes = figure.subplots()
    begin = [0.0] * len(names)
    hatches = ("", "///", "...")
    for number, (part, values) in enumerate(parts):
        axes.barh(
            range(len(names)),
            values,
            left=begin,
            height=0.62,
            label=part,
            color=theme.lines[number],
            alpha=0.75,
            hatch=hatches[number % len(hatches)],
            edgecolor=theme.bands[0],
        )
        begin = [one + value for one, value in zip(begin, values)]
    axes.set_yticks(range(len(names)), labels=names)
    axes.invert_yaxis()
    axes.set_xlabel(label, color=theme.text)
    axes.grid(axis="x", color=theme.faint, alpha=0.3, linewidth=0.6)
    _legend(axes, theme)
    dress(axes, theme)
    return drawn(figure, form)


@dataclass(frozen=True)
class Series:
    """A line of points.

    Attributes:
      name: of the line.
      x: places on the axis, or numbers of categories. y: values. low, high: of their intervals; empty for none.
    """

    name: str
    x: Tuple[float, ...]
    y: Tuple[float, ...]
    low: Tuple[float, ...] = ()
    high: Tuple[float, ...] = ()


def line_chart(
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    alt: str,
    categories: Optional[Sequence[str]] = None,
    logarithmic: bool = False,
    joined: bool = True,
) -> Figure:
    """Lines with intervals.

    Args:
      series: at least one.
      x_label, y_label: of the axes. alt: what can be seen.
      categories: names of the places 0, 1, ... of the x axis; None for a number axis.
      logarithmic: the x axis. joined: whether points are joined by lines.
    """
    rows = []
    for one in series:
        for place, (x, y) in enumerate(zip(one.x, one.y)):
            where = Cell(categories[round(x)], x) if categories else number_cell(x, "{:g}")
            ends = [number_cell(limit[place] if limit else None) for limit in (one.low, one.high)]
            rows.append([Cell(one.name), where, number_cell(y), *ends])
    data = table_of(y_label, ("line", x_label, y_label, "from", "to"), rows)
    named = None if categories is None else tuple(categories)
    return Figure(alt, partial(_draw_lines, tuple(series), (x_label, y_label), named, logarithmic, joined), data)


def _draw_lines(
    series: Tuple[Series, ...],
    labels: Tuple[str, str],
    categories: Optional[Tuple[str, ...]],
    logarithmic: bool,
    joined: bool,
    theme: Theme,
    form: Form,
) -> bytes:
    from matplotlib.figure import Figure as Canvas

    figure = Canvas(figsize=(11.0, 4.6), layout="constrained")
    axes = figure.subplots()
    for number, one in enumerate(series):
        colour, marker = theme.lines[number % len(theme.lines)], _MARKERS[number % len(_MARKERS)]
        # Beside each other, so that intervals at one place do not hide each other.
        shift = 0.0 if categories is None else 0.5 * (number - (len(series) - 1) / 2) / max(1, len(series))
        x = [place + shift for place in one.x]
        axes.plot(x, one.y, marker, linestyle="-" if joined else "none", color=colour, label=one.name, linewidth=1.2)
        for place, low, high in zip(x, one.low, one.high):
            axes.plot([place, place], [low, high], color=colour, linewidth=1.6, alpha=0.45)
    if categories is not None:
        axes.set_xticks(range(len(categories)), labels=categories)
    if logarithmic:
        axes.set_xscale("log")
        ticks = sorted({x for one in series for x in one.x})
        axes.set_xticks(ticks, labels=[_short(tick) for tick in ticks], minor=False)
        axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel(labels[0], color=theme.text)
    axes.set_ylabel(labels[1], color=theme.text)
    axes.grid(axis="y", color=theme.faint, alpha=0.3, linewidth=0.6)
    _legend(axes, theme)
    dress(axes, theme)
    return drawn(figure, form)


def _short(number: float) -> str:
    """`815.6k` for 815,601: three or four digits are enough to find a point."""
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{number / size:.4g}{sign}"
    return f"{number:g}"


def _legend(axes: Axes, theme: Theme) -> None:
    axes.legend(frameon=False, fontsize=9, labelcolor=theme.text, ncols=4, loc="lower left", bbox_to_anchor=(0.0, 1.0))
