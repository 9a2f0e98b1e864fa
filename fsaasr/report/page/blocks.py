"""What a page is made of: sections of blocks. A page knows nothing of what its numbers mean."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Callable, Optional, Sequence, Tuple, Union

from fsaasr.evaluate.error_report import Pair
from fsaasr.report.drawing import Form
from fsaasr.report.theme import Theme

Draw = Callable[[Theme, Form], bytes]


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
      text: as shown.
      value: number to sort by; None sorts by the text.
      strong: whether it stands out as the best. tone: `good`, `bad` or empty; never the only sign of what it says.
      title: shown when pointed at.
    """

    text: str
    value: Optional[float] = None
    strong: bool = False
    tone: str = ""
    title: str = ""


@dataclass(frozen=True)
class Table:
    """A table, sortable by each column.

    Attributes:
      caption: what it shows.
      columns: headings.
      rows: cells.
      text_columns: how many columns, from the first on, are text and flush left.
      folded: what to press to see it; empty shows it at once.
    """

    caption: str
    columns: Tuple[str, ...]
    rows: Tuple[Tuple[Cell, ...], ...]
    text_columns: int = 1
    folded: str = ""


@dataclass(frozen=True)
class Figure:
    """A picture with its data, for those who cannot see it or want the numbers.

    Attributes:
      alt: what can be seen, in a sentence.
      draw: makes it, in a theme.
      data: its numbers; None for pictures of signals, which `alt` describes.
      caption: to stand below.
    """

    alt: str
    draw: Draw
    data: Optional[Table] = None
    caption: str = ""


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    faint: bool = False


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    items: Tuple[str, ...]


@dataclass(frozen=True)
class Heard:
    """What a system heard in an utterance: its name and the alignment with the reference."""

    system: str
    alignment: Tuple[Pair, ...]


@dataclass(frozen=True)
class Utterance:
    """An utterance to listen to, with what systems heard.

    Attributes:
      name: id. reference: what was said.
      wav: a file's bytes; empty where there is no audio.
      heard: of each system.
    """

    name: str
    reference: str
    wav: bytes = b""
    heard: Tuple[Heard, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """An SVG element that follows light and dark by itself, and what it is of."""

    title: str
    svg: str


@dataclass(frozen=True)
class Details:
    """Text that is folded away: a configuration, a command."""

    summary: str
    text: str


Block = Union[Table, Figure, Text, Points, Utterance, Drawing, Details]


@dataclass(frozen=True)
class Section:
    """A heading, of the second level or below it, and what stands under it."""

    title: str
    blocks: Tuple[Block, ...]
    level: int = 2


@dataclass(frozen=True)
class Page:
    """A page: headline, introduction and sections."""

    title: str
    introduction: str
    sections: Tuple[Section, ...]


def number_cell(value: Optional[float], form: str = "{:.2f}", factor: float = 1.0, strong: bool = False) -> Cell:
    """A number as text, sorted by its value; a dash for None and for what is no number."""
    if value is None or math.isnan(value):
        return Cell("–")
    if math.isinf(value):
        return Cell("∞" if value > 0 else "-∞", math.copysign(sys.float_info.max, value))
    return Cell(form.format(factor * value), value, strong)


def table_of(
    caption: str, columns: Sequence[str], rows: Sequence[Sequence[Union[Cell, str]]], text_columns: int = 1
) -> Table:
    """A table of cells and plain texts."""
    made = tuple(tuple(Cell(cell) if isinstance(cell, str) else cell for cell in row) for row in rows)
    return Table(caption, tuple(columns), made, text_columns)
