"""The segments of SLF's links, `d=:AX,0.05,-12.5:N,0.1:`, as score columns of frames."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeFileError
from fsaasr.core.symbols import BLANK, SymbolTable
from fsaasr.lattice.formats.slf_parser import Slf
from fsaasr.lattice.formats.slf_text import column_names
from fsaasr.lattice.formats.symbols import LatticeSymbols

MAX_COLUMNS = 1 << 26
"""Frames of all links together: few bytes of a file can claim any number."""


def read_segments(
    slf: Slf, path: str, lengths: npt.NDArray[np.int64], symbols: LatticeSymbols
) -> Tuple[LatticeSymbols, Optional[npt.NDArray[np.int32]]]:
    """The columns of the links' frames, link after link; None where a link with frames has no segments.

    Args:
      lengths: int (A,): frames of each link.
      symbols: if it has no columns, they are named after the segments, each with a token of its own but blank.

    Returns:
      The symbols with the columns that were found, and the columns.

    Raises:
      LatticeFileError: a malformed segment, one that is no column, durations that are not the link's; names the line.
    """
    if not all("d" in link for link, length in zip(slf.links, lengths.tolist()) if length):
        return symbols, None
    if lengths.sum() > MAX_COLUMNS:
        raise ValueError(f"links of {lengths.sum()} frames together, more than {MAX_COLUMNS}; the file is damaged")
    known = len(symbols.column_token) > 0
    names = column_names(symbols.tokens, symbols.column_token) if known else [BLANK]
    column_of: Dict[str, int] = {name: column for column, name in enumerate(names)}
    columns: List[int] = []
    counts: List[int] = []
    for link, length, line in zip(slf.links, lengths.tolist(), slf.link_line):
        try:
            runs = _runs(link.get("d", ""), symbols.frame_shift)
            if sum(count for _, count in runs) != length:
                raise ValueError(f"segments of {sum(count for _, count in runs)} frames on a link of {length}")
            for name, count in runs:
                if known and name not in column_of:
                    raise ValueError(
                        f"segment {name!r} is no column; with LatticeSymbols.of_words segments name columns"
                    )
                columns.append(column_of.setdefault(name, len(column_of)))
                counts.append(count)
        except (ValueError, OverflowError) as error:
            raise LatticeFileError(path, line, str(error)) from error
    if not known:
        tokens = np.arange(len(column_of), dtype=np.int32)
        symbols = replace(symbols, tokens=SymbolTable(list(column_of)[1:]), column_token=tokens)
    return symbols, np.repeat(np.array(columns, dtype=np.int32), counts)


def _runs(text: str, shift: float) -> List[Tuple[str, int]]:
    """Name and frames of each segment."""
    runs = []
    for segment in text.strip(":").split(":") if text.strip(":") else []:
        fields = segment.split(",")
        if len(fields) not in (2, 3) or not fields[0]:
            raise ValueError(f"segment {segment[:40]!r}, expected `name,duration` or `name,duration,score`")
        frames = float(fields[1]) / shift
        # A frame's share of a link's own frames is what is left to check.
        if not 0 <= frames < 1 << 30 or abs(frames - round(frames)) > 0.25:
            raise ValueError(f"segment {segment[:40]!r}: a duration that is no multiple of {shift} s")
        runs.append((fields[0], round(frames)))
    return runs
