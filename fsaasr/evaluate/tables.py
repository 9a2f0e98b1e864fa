"""Plain-text tables of errors and alignments."""

from __future__ import annotations

import unicodedata
from typing import Sequence, Tuple

from fsaasr.evaluate.error_report import GAP, ErrorCounts, ErrorReport, Pair, UtteranceErrors


def error_table(report: ErrorReport) -> str:
    """One line for each speaker and one for the total: units, sub, ins, del, errors, error rate in percent."""
    header = ("speaker", f"{report.unit}s", "sub", "ins", "del", "errors", "rate %")
    rows = [_row(speaker, counts) for speaker, counts in report.per_speaker.items()]
    return _columns([header, *rows, _row("total", report.total)])


def alignment_table(report: ErrorReport, only_errors: bool = True) -> str:
    """Alignments of all utterances (or of those with errors), one below the other; may be empty."""
    chosen = (entry for entry in report.utterances if entry.counts.errors or not only_errors)
    return "\n".join(utterance_table(entry) for entry in chosen)


def utterance_table(entry: UtteranceErrors) -> str:
    """Reference, hypothesis and kind of error (S, I, D) of one utterance in three aligned lines.

    Example:
      >>> print(utterance_table(word_errors({"u1": ["a", "cat"]}, {"u1": ["cat", "sat"]}).utterances[0]))
      u1: 0 sub 1 ins 1 del of 2
      REF a cat ***
      HYP * cat sat
          D     I
    """
    counts = entry.counts
    lines = [
        f"{entry.utterance}: {counts.substitutions} sub {counts.insertions} ins {counts.deletions} del "
        f"of {counts.words}"
    ]
    columns = [("REF", "HYP", "   "), *map(_column, entry.alignment)]
    lines += [" ".join(cells).rstrip() for cells in zip(*columns)]
    return "\n".join(lines) + "\n"


def _column(pair: Pair) -> Tuple[str, str, str]:
    """Reference, hypothesis and kind of error, equally wide; a space is shown as `␣`, a gap as stars."""
    reference, hypothesis = ("␣" if unit == " " else unit for unit in pair)
    width = max(_width(reference), _width(hypothesis), 1)
    cells = (reference or "*" * width, hypothesis or "*" * width, _kind(pair))
    first, second, third = (cell + " " * (width - _width(cell)) for cell in cells)
    return first, second, third


def _kind(pair: Pair) -> str:
    reference, hypothesis = pair
    if reference == hypothesis:
        return ""
    return "I" if reference == GAP else "D" if hypothesis == GAP else "S"


def _row(name: str, counts: ErrorCounts) -> Tuple[str, ...]:
    rate = "-" if counts.rate is None else f"{100 * counts.rate:.2f}"
    numbers = (counts.words, counts.substitutions, counts.insertions, counts.deletions, counts.errors)
    return (name, *(str(number) for number in numbers), rate)


def _columns(rows: Sequence[Sequence[str]]) -> str:
    """First column flush left, the others flush right."""
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        blanks = [" " * (width - _width(cell)) for cell, width in zip(row, widths)]
        cells = [row[0] + blanks[0], *(blank + cell for blank, cell in zip(blanks[1:], row[1:]))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"


def _width(text: str) -> int:
    """Columns that a terminal gives to `text`: two for a wide character, none for a combining mark."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)
