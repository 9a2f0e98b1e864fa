"""Kaldi lattices in text: a line an arc, `source target word weight` or `source target id word weight`.

The weight is `graph,acoustic` and, in compact lattices, `,id_id_id`; a weight of zeros may be left out. A final state
is `state weight`. A blank line ends the lattice.
"""

from __future__ import annotations

import re
from typing import Iterator, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import SymbolError
from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice.formats.byte_stream import ByteStream
from fsaasr.lattice.formats.kaldi_fst import INPUT, LENGTH, OUTPUT, SOURCE, TARGET, Costs, Ints, KaldiFst

_END = re.compile(rb"\n[ \t\r]*\n")
_EXPECTED = "`source target word graph,acoustic,id_id`, `source target id word graph,acoustic` or `state weight`"
_LARGEST = np.iinfo(np.int32).max

Row = List[str]


def read_text(data: ByteStream, words: Optional[SymbolTable]) -> KaldiFst:
    """Takes a lattice that begins behind the end of this line, and the blank line behind it.

    Words may be numbers, or names from `words`; in one lattice all are of one kind.

    Raises:
      LatticeFileError: a malformed line, or no blank line at the end; it names the line, or the byte.
    """
    text, line = _take_record(data)
    rows = [row.split() for row in text.split("\n")]
    try:
        return _parse([row for row in rows if row], words)
    except (ValueError, SymbolError) as error:
        for number, row in enumerate(rows):
            _check_row(data, row, None if line is None else line + number, words)
        raise data.error(f"the lines of the lattice before this byte do not fit together: {error}") from error


def text_record(fst: KaldiFst) -> bytes:
    """What stands behind the key of a lattice whose arcs are sorted by source, its final weights without strings."""
    source, target, inputs, outputs, lengths = fst.arcs.tolist()
    graph, acoustic = _shown(fst.costs[0]), _shown(fst.costs[1])
    if fst.compact:
        ids = list(map(str, fst.ids.tolist()))
        ends = np.cumsum(fst.arcs[LENGTH], dtype=np.int64).tolist()
        strings = ["_".join(ids[end - length : end]) for end, length in zip(ends, lengths)]
        words = zip(source, target, outputs, graph, acoustic, strings)
        lines = [f"{s}\t{t}\t{word}\t{g},{a},{string}\n" for s, t, word, g, a, string in words]
    else:
        rows = zip(source, target, inputs, outputs, graph, acoustic)
        lines = [f"{s}\t{t}\t{tid}\t{word}\t{g},{a}\n" for s, t, tid, word, g, a in rows]
    finals = np.flatnonzero(~np.isposinf(fst.final_costs[0]))
    behind = np.searchsorted(fst.arcs[SOURCE], finals, "right")
    # From the last one on, so that the places before stay what they are.
    for state, place in zip(finals[::-1].tolist(), behind[::-1].tolist()):
        weight = f"{fst.final_costs[0, state]:.9g},{fst.final_costs[1, state]:.9g}"
        lines.insert(place, f"{state}\t{weight}{',' if fst.compact else ''}\n")
    return b"\n" + "".join(lines).encode() + b"\n"


def _shown(costs: Costs) -> Iterator[str]:
    """Costs with nine digits, which tell any two float32 apart; equal ones, of which there are many, are made once."""
    values, places = np.unique(costs, return_inverse=True)
    texts = [f"{value:.9g}" for value in values.tolist()]
    return map(texts.__getitem__, places.tolist())


def _take_record(data: ByteStream) -> Tuple[str, Optional[int]]:
    """The text up to the blank line, and the line it begins in."""
    wanted = data.usual
    while True:
        seen = data.peek(wanted)
        end = _END.search(seen)
        if end:
            break
        if len(seen) < wanted:
            raise data.error("no blank line ends the lattice; the file is cut short", len(seen))
        wanted *= 4
    try:
        text = seen[: end.start()].decode()
    except UnicodeDecodeError as error:
        raise data.error("not UTF-8", error.start) from error
    line = data.line
    if data.line is not None:
        data.line += seen.count(b"\n", 0, end.end())
    data.end_record(end.end())
    return text, line


def _check_row(data: ByteStream, row: Row, line: Optional[int], words: Optional[SymbolTable]) -> None:
    """Raises LatticeFileError if this row by itself is malformed."""
    try:
        _parse([row] if row else [], words)
    except (ValueError, SymbolError) as error:
        shown = " ".join(row)[:100]
        raise data.error(f"found {shown!r}, expected {_EXPECTED} ({error})", line=line) from error


def _parse(rows: List[Row], words: Optional[SymbolTable]) -> KaldiFst:
    """The lattice of lines that are not blank; ValueError or SymbolError where they are malformed."""
    arcs = [row for row in rows if len(row) > 2]
    finals = sorted((row for row in rows if len(row) <= 2), key=lambda row: int(row[0]))
    compact = _is_compact(arcs, finals)
    one = "0,0," if compact else "0,0"
    columns = _columns(arcs, 4 if compact else 5, one)
    final_columns = _columns(finals, 2, one)
    costs, lengths, ids = _weights(columns[-1], compact)
    values, final_lengths, final_ids = _weights(final_columns[1], compact)
    states = [_integers(column) for column in (columns[0], columns[1], final_columns[0], [rows[0][0]] if rows else [])]
    num_states, (source, target, ends, start) = _numbered(states)
    table = np.zeros((5, len(arcs)), dtype=np.int32)
    table[SOURCE], table[TARGET], table[LENGTH] = source, target, lengths
    table[OUTPUT] = _labels(columns[-2], words)
    table[INPUT] = table[OUTPUT] if compact else _integers(columns[2])
    if len(np.unique(ends)) < len(ends):
        raise ValueError("a state has two final weights")
    final_costs = np.full((2, num_states), np.inf, dtype=np.float32)
    final_costs[:, ends] = values
    state_lengths = np.zeros(num_states, dtype=np.int32)
    state_lengths[ends] = final_lengths
    return KaldiFst(compact, int(start[0]) if rows else -1, table, costs, ids, final_costs, state_lengths, final_ids)


def _is_compact(arcs: List[Row], finals: List[Row]) -> bool:
    """By the first arc, or by the final weights where there is none; a bare state is taken for a compact lattice."""
    if arcs:
        return len(arcs[0]) == 3 or (len(arcs[0]) == 4 and "," in arcs[0][3])
    return all(row[-1].count(",") != 1 for row in finals)


def _columns(rows: List[Row], width: int, one: str) -> List[Sequence[str]]:
    """The columns of lines of `width` fields, of which the last, the weight, may be left out."""
    if any(len(row) != width for row in rows):
        rows = [[*row, one] if len(row) == width - 1 else row for row in rows]
        if any(len(row) != width for row in rows):
            raise ValueError(f"lines of {width} fields, and others")
    return list(zip(*rows)) if rows else [()] * width


def _integers(column: Sequence[str]) -> npt.NDArray[np.int64]:
    digits = "".join(column)
    if column and not (digits.isascii() and digits.isdigit()):
        raise ValueError("a number is expected where there is none")
    # Nineteen digits might be more than int64 holds.
    values = np.array(list(map(int, column)), dtype=np.int64) if max(map(len, column), default=0) < 19 else None
    if values is None or values.max(initial=0) > _LARGEST:
        raise ValueError(f"a number above {_LARGEST}")
    return values


def _labels(column: Sequence[str], words: Optional[SymbolTable]) -> npt.NDArray[np.int64]:
    digits = "".join(column)
    if not column or (digits.isascii() and digits.isdigit()):
        return _integers(column)
    if words is None:
        raise ValueError("words by name need their symbols; give LatticeSymbols")
    return np.array([words[name] for name in column], dtype=np.int64)


def _weights(column: Sequence[str], compact: bool) -> Tuple[Costs, npt.NDArray[np.int64], Ints]:
    """Costs (2, A), lengths of strings (A,), and the strings, one after the other."""
    parts = 3 if compact else 2
    if not column:
        return np.empty((2, 0), np.float32), np.empty(0, np.int64), np.empty(0, np.int32)
    if any(weight.count(",") != parts - 1 for weight in column):
        raise ValueError(f"a weight is {parts} values with commas between")
    fields = ",".join(column).split(",")
    with np.errstate(over="ignore"):
        costs = np.array([list(map(float, fields[i::parts])) for i in (0, 1)], dtype=np.float64).astype(np.float32)
    if not compact:
        return costs, np.zeros(len(column), np.int64), np.empty(0, np.int32)
    strings = fields[2::3]
    lengths = np.array([string.count("_") + 1 if string else 0 for string in strings], dtype=np.int64)
    ids = _integers("_".join(filter(None, strings)).split("_")) if lengths.any() else np.empty(0)
    return costs, lengths, ids.astype(np.int32)


def _numbered(columns: List[npt.NDArray[np.int64]]) -> Tuple[int, List[npt.NDArray[np.int64]]]:
    """State numbers, and how many there are; numbers far apart are made close, so that they cost no memory."""
    states = np.concatenate(columns)
    count = int(states.max(initial=-1)) + 1
    if count <= len(states):
        return count, columns
    names, places = np.unique(states, return_inverse=True)
    return len(names), np.split(places, np.cumsum([len(column) for column in columns])[:-1])
