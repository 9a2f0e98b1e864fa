"""What pictures of lattices have in common: text that fits, a time axis, colours for light and dark."""

from __future__ import annotations

import html
import math
import unicodedata
from typing import List, NamedTuple, Tuple

from fsaasr.core.scores import Seconds

MARGIN = 24
"""Pixels around a picture."""
SMALL = 11
"""Pixels of the font of axes and notes; words have WORD."""
WORD = 13
MIN_WIDTH = 400.0
"""Pixels that notes need to be read with ease."""
LINE = 17
"""Pixels from one line of notes to the next."""

_MIN_TICK = 64
_MAX_NOTES = 880.0
_NARROW = frozenset("iljtfrI.,;:'|!()[] -")
_STYLE = """
.lattice-picture { --best: #0b5cad; --back: var(--picture-back, Canvas); fill: currentColor; stroke: none;
  font-family: system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif; font-size: 13px; }
@media screen and (prefers-color-scheme: dark) { .lattice-picture { --best: #7ab8f5; } }
svg.lattice-picture:root { color-scheme: light dark; color: CanvasText; background: Canvas; }
.lattice-picture .small { font-size: 11px; opacity: .75; }
.lattice-picture text { unicode-bidi: plaintext; }
.lattice-picture .grid { stroke: currentColor; opacity: .12; }
.lattice-picture .axis { stroke: currentColor; opacity: .5; }
.lattice-picture .best { color: var(--best); }
.lattice-picture .on-line { paint-order: stroke; stroke: var(--back); stroke-width: 3; stroke-linejoin: round; }
.lattice-picture .best.word { font-weight: 700; fill: var(--best); }
"""


class Axis(NamedTuple):
    """Time on a picture: second 0 stands at `left`, each second takes `scale` pixels, `duration` seconds in all."""

    left: float
    scale: float
    duration: Seconds

    def x(self, time: Seconds) -> float:
        """Where a time stands, in pixels."""
        return self.left + self.scale * time


def text_width(text: str, size: float = WORD) -> float:
    """About how many pixels a line of text takes, whatever sans-serif font draws it; rather more than fewer."""
    ems = 0.0
    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Cf"):
            continue
        wide = unicodedata.east_asian_width(character) in "WF"
        ems += 1.05 if wide else 0.36 if character in _NARROW else 0.9 if character in "mwMW@%—" else 0.62
    return ems * size


def shortened(text: str, width: float, size: float = WORD) -> str:
    """The text, or as much of it as `width` pixels hold, with an ellipsis."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text + "…"


def wrapped(text: str, width: float, size: float = SMALL) -> List[str]:
    """The words of a text in lines of at most `width` pixels; a word that is longer has a line of its own."""
    lines: List[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


def element(tag: str, content: str = "", **attributes: object) -> str:
    """An element; `stroke_width` and `class_` become `stroke-width` and `class`, numbers have two decimals at most."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(_number(value))}"' for name, value in attributes.items()
    )
    return f"<{tag}{written}>{content}</{tag}>" if content else f"<{tag}{written}/>"


def text(x: float, y: float, content: str, **attributes: object) -> str:
    """A line of text, escaped."""
    return element("text", html.escape(content), x=x, y=y, **attributes)


def title(content: str) -> str:
    """A tooltip for the element it stands in."""
    return element("title", html.escape(content))


def isolated(word: str) -> str:
    """A word that may be written from right to left, kept apart from the text around it."""
    return f"\u2068{word}\u2069"


def _number(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def time_axis(axis: Axis, top: float, bottom: float) -> str:
    """Ticks in seconds below `bottom`, with faint lines up to `top`; takes 2 * LINE pixels."""
    step = tick_step(axis.scale)
    decimals = max(0, -math.floor(math.log10(step)))
    count = math.floor(axis.duration / step + 1e-9)
    right = axis.x(axis.duration)
    parts = [element("line", x1=axis.left, x2=right, y1=bottom, y2=bottom, class_="axis")]
    for tick in range(count + 1):
        x = axis.x(tick * step)
        parts.append(element("line", x1=x, x2=x, y1=top, y2=bottom, class_="grid"))
        parts.append(element("line", x1=x, x2=x, y1=bottom, y2=bottom + 5, class_="axis"))
        unit = " s" if tick == count else ""
        parts.append(text(x, bottom + LINE, f"{tick * step:.{decimals}f}{unit}", class_="small", text_anchor="middle"))
    return "\n".join(parts)


def tick_step(scale: float) -> Seconds:
    """Seconds between ticks: 1, 2 or 5 times a power of ten, at `scale` pixels a second."""
    least = _MIN_TICK / scale
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= least * (1 - 1e-9))


def counted(count: int, noun: str) -> str:
    """How many there are of something."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def notes(remarks: List[str], top: float, width: float) -> Tuple[List[str], float]:
    """Remarks in lines of small text, no wider than the picture, and the height at which the picture ends."""
    lines = [line for remark in remarks for line in wrapped(remark, min(width - 2 * MARGIN, _MAX_NOTES))]
    written = [text(MARGIN, top + (row + 1) * LINE, line, class_="small") for row, line in enumerate(lines)]
    return written, top + (len(lines) + 1) * LINE


def picture(size: Tuple[float, float], name: str, description: str, parts: List[str]) -> str:
    """The SVG element, width and height in pixels, with its styles, its name, and in words what it shows."""
    width, height = (math.ceil(pixels) for pixels in size)
    size_written = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size_written} role="img" class="lattice-picture">'
    about = [title(name), element("desc", html.escape(description)), element("style", _STYLE)]
    return "\n".join([head, *about, *parts, "</svg>"]) + "\n"
