"""Kaldi's text tables: `key value` lines, sorted in the C locale, each key once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from fsaasr.core.errors import CorpusFileError

_SORT = "run `LC_ALL=C sort -u` on it or Kaldi's utils/fix_data_dir.sh"


@dataclass(frozen=True)
class Entry:
    """One line's value and where it stands."""

    value: str
    path: Path
    line: int

    def wrong(self, problem: str) -> CorpusFileError:
        """An error that points at this line."""
        return CorpusFileError(self.path, self.line, problem)


Table = Dict[str, Entry]


def read_table(path: Path, *, allow_empty: bool = False) -> Table:
    """Reads a table.

    Args:
      path: file of `key value` lines; all after the first white space is the value.
      allow_empty: accept a key without value.

    Returns:
      Key -> entry, in file order.

    Raises:
      CorpusFileError: the file is missing, empty, not UTF-8, unsorted, or has a blank line, a repeated key
        or a key without value; with the line.
    """
    if not path.is_file():
        raise CorpusFileError(path, None, "no such file; a Kaldi data directory has wav.scp, text and utt2spk")
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise CorpusFileError(path, None, f"not UTF-8 ({error}); convert it with iconv") from error
    if lines and not lines[-1]:
        lines.pop()
    table: Table = {}
    previous = ""
    for number, line in enumerate(lines, 1):
        fields = line.split(maxsplit=1)
        if not fields or line[0].isspace():
            raise CorpusFileError(path, number, f"found {line!r}, expected `key value`; remove or mend the line")
        key, value = fields[0], fields[1].strip() if len(fields) > 1 else ""
        if not value and not allow_empty:
            raise CorpusFileError(path, number, f"{key!r} has no value; complete or remove the line")
        if key in table:
            raise CorpusFileError(path, number, f"{key!r} stands at line {table[key].line} already; {_SORT}")
        # Code point order is the order of UTF-8 bytes, so this is the C locale's.
        if key < previous:
            raise CorpusFileError(path, number, f"not sorted: {key!r} comes after {previous!r}; {_SORT}")
        table[key] = Entry(value, path, number)
        previous = key
    if not table:
        raise CorpusFileError(path, None, "holds no line; a split may not be empty")
    return table


def same_keys(table: Table, other: Table, other_path: Path) -> None:
    """Checks that both tables have the same keys.

    Raises:
      CorpusFileError: a key that only one has, at its line.
    """
    for one, two, path in ((table, other, other_path), (other, table, next(iter(table.values())).path)):
        for key, entry in one.items():
            if key not in two:
                raise entry.wrong(f"{key!r} is not in {path}; complete that file or drop the line here")


@dataclass(frozen=True)
class Segment:
    """Part of a recording; `end` None means to its end."""

    recording: str
    start: float
    end: Optional[float]


def parse_segment(key: str, entry: Entry) -> Segment:
    """Reads the value of a `segments` line: `recording start end`, in seconds; end -1 is the recording's end.

    Raises:
      CorpusFileError: another number of fields, times that are no numbers or make no sense.
    """
    fields = entry.value.split()
    try:
        recording, (start, end) = fields[0], _times(fields)
    except ValueError:
        raise entry.wrong(
            f"found {key + ' ' + entry.value!r}, expected `utterance recording start end` in seconds"
        ) from None
    if start < 0 or (end <= start and end != -1.0):
        raise entry.wrong(f"{key!r} lasts from {start} to {end} s; expected 0 <= start < end, or end -1")
    return Segment(recording, start, None if end == -1.0 else end)


def _times(fields: List[str]) -> Tuple[float, float]:
    if len(fields) != 3:
        raise ValueError(fields)
    start, end = float(fields[1]), float(fields[2])
    if not (math.isfinite(start) and math.isfinite(end)):
        raise ValueError(fields)
    return start, end
