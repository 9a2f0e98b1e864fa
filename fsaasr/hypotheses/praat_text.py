"""Praat's text form of a TextGrid: tiers to text and back, whatever they mean.

P. Boersma and D. Weenink, Praat manual, "TextGrid file formats": only numbers, quoted texts and flags that stand free
count, all else is decoration; so the long and the short form read alike.
"""

from __future__ import annotations

import math
import re
from typing import List, NamedTuple, Sequence, Tuple

from fsaasr.core.errors import HypothesisFileError
from fsaasr.core.files import PathLike
from fsaasr.core.hypothesis import Span
from fsaasr.core.scores import Seconds
from fsaasr.hypotheses.placement import decimal


class Tier(NamedTuple):
    """Spans in order of time that do not overlap; of a point tier, each without duration."""

    name: str
    spans: Tuple[Span, ...]
    points: bool = False


def tiers_to_text(tiers: Sequence[Tier], end: Seconds) -> str:
    """A whole file, from 0 to `end` seconds, in the long form; gaps between intervals become empty intervals."""
    # Praat takes no grid without duration.
    end = end or 0.001
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {decimal(end)}"]
    lines += ["tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, tier in enumerate(tiers, 1):
        lines += [f"    item [{number}]:", *(f"        {line}" for line in _tier_lines(tier, end))]
    return "\n".join(lines) + "\n"


def _tier_lines(tier: Tier, end: Seconds) -> List[str]:
    kind, item = ("TextTier", "points") if tier.points else ("IntervalTier", "intervals")
    spans = tier.spans if tier.points else _without_gaps(tier.spans, end)
    lines = [f'class = "{kind}"', f"name = {_quoted(tier.name)}", "xmin = 0", f"xmax = {decimal(end)}"]
    lines.append(f"{item}: size = {len(spans)}")
    for number, span in enumerate(spans, 1):
        times = [("number", span.start)] if tier.points else [("xmin", span.start), ("xmax", span.end)]
        lines.append(f"{item} [{number}]:")
        lines += [f"    {name} = {decimal(time)}" for name, time in times]
        lines.append(f"    {'mark' if tier.points else 'text'} = {_quoted(span.name)}")
    return lines


def _without_gaps(spans: Sequence[Span], end: Seconds) -> List[Span]:
    filled: List[Span] = []
    last = 0.0
    for span in (*spans, Span("", end, end)):
        if span.start > last:
            filled.append(Span("", last, span.start))
        filled.append(span)
        last = span.end
    return filled[:-1]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


_VALUE = re.compile(r'"((?:[^"]|"")*)"|(?<!\S)([-+]?[\d.]+(?:[eE][-+]?\d+)?)(?!\S)|(<exists>|<absent>)|!.*')


class _Values:
    """The values of a text, one after the other."""

    def __init__(self, path: PathLike, text: str) -> None:
        self._path, self._text = path, text
        self._found = _VALUE.finditer(text)
        self._place = 0

    def wrong(self, problem: str) -> HypothesisFileError:
        """An error that points at the value taken last."""
        return HypothesisFileError(self._path, self._text.count("\n", 0, self._place) + 1, problem)

    def _next(self, group: int, expected: str) -> str:
        for match in self._found:
            self._place = match.start()
            if match.group(group) is not None:
                return match.group(group)
            if match.lastindex is not None:
                raise self.wrong(f"found {match.group()[:80]}, expected {expected}")
        self._place = len(self._text)
        raise self.wrong(f"the file ends where {expected} is expected")

    def text(self, expected: str) -> str:
        """The next value, a text."""
        return self._next(1, expected).replace('""', '"')

    def flag(self) -> str:
        """The next value, a flag."""
        return self._next(3, "<exists>")

    def number(self, expected: str) -> float:
        """The next value, a number."""
        text = self._next(2, expected)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.wrong(f"found {text!r}, expected {expected}")
        return value

    def count(self, expected: str) -> int:
        """The next value, a whole number >= 0."""
        value = self.number(expected)
        if value < 0 or value != int(value):
            raise self.wrong(f"found {value}, expected {expected}")
        return int(value)


def tiers_from_text(path: PathLike, text: str) -> Tuple[Seconds, List[Tier]]:
    """The end of the grid and its tiers, empty intervals left out.

    Raises:
      HypothesisFileError: what is no TextGrid, with the line.
    """
    values = _Values(path, text)
    if not values.text('"ooTextFile"').startswith("ooTextFile") or values.text('"TextGrid"') != "TextGrid":
        raise values.wrong("not a TextGrid in Praat's text form; save it from Praat with `Save as text file...`")
    values.number("the grid's begin")
    end = values.number("the grid's end")
    tiers = values.count("the number of tiers") if values.flag() == "<exists>" else 0
    return end, [_read_tier(values) for _ in range(tiers)]


def _read_tier(values: _Values) -> Tier:
    kind = values.text("a tier's class")
    if kind not in ("IntervalTier", "TextTier"):
        raise values.wrong(f"found a tier of class {kind!r}, expected 'IntervalTier' or 'TextTier'")
    points = kind == "TextTier"
    name = values.text("a tier's name")
    values.number("the tier's begin")
    values.number("the tier's end")
    spans: List[Span] = []
    for _ in range(values.count("the number of intervals or points")):
        start = values.number("a time")
        end = start if points else values.number("an interval's end")
        if end < start:
            raise values.wrong(f"an interval ends at {end} before it begins at {start}")
        text = values.text("a text")
        if text.strip():
            spans.append(Span(text.strip(), start, end))
    return Tier(name, tuple(spans), points)
