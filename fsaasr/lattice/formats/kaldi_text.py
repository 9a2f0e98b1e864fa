"""Kaldi lattices in text: a line an arc, `source target word weight` or `source target id word weight`.

The weight is `graph,acoustic` and, in compact lattices, `,id_id_id`; a weight of zeros may be left out. A final state
is `state weight`. A blank line ends the lattice.
"""

from __future__ import annotations

import re
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import SymbolError
from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice.formats.byte_stream import ByteStream
from fsaasr.lattice.formats.kaldi_fst import LENGTH, SOURCE, Costs, Ints, KaldiFst
from fsaasr.lattice.word_lattice import places

_END = re.compile(rb"\n[ \t\r]*\n")
_EXPECTED = "`source target word graph,acoustic,id_id`, `source target id word graph,acoustic` or `state weight`"
_ARC = re.compile(r"^[ \t]*\S+[ \t]+\S+[ \t]+\S.*", re.MULTILINE)
_FULL_END = re.compile(r"^[ \t]*\S+[ \t]+[^,\s]+,[^,\s]+[ \t\r]*$", re.MULTILINE)
_LARGEST = np.iinfo(np.int32).max
_BLOCK = 1 << 18
"""Characters of the lines that are taken apart at a time."""

Row = List[str]
Integers = npt.NDArray[np.int64]


class _Lines(NamedTuple):
    """Some lines: of A arcs, with states and labels (2, A), and of E final states, each with what its weight holds."""

    states: Integers
    labels: Integers
    costs: Costs
    lengths: Integers
    ids: Ints
    ends: Integers
    end_costs: Costs
    end_lengths: Integers
    end_ids: Ints


def read_text(data: ByteStream, words: Optional[SymbolTable]) -> KaldiFst:
    """Takes a lattice that begins behind the end of this line, and the blank line behind it.

    Words may be numbers, or names from `words`; in one lattice all are of one kind, which its first arcs tell.

    Raises:
      LatticeFileError: a malformed line, or no blank line at the end; it names the line, or the byte.
    """
    text, line = _take_record(data)
    compact = _is_compact(text)
    parsed, start = [], ""
    for number, rows in _blocks(text):
        if number == 0 and words is not None and not _has_names(rows, 2 if compact else 3):
            words = None
        try:
            parsed.append(_parse(rows, compact, words))
        except (ValueError, SymbolError) as error:
            row, problem = _malformed(rows, compact, words) or (0, str(error))
            shown = " ".join(rows[row])[:100]
            place = None if line is None else line + number + row
            raise data.error(f"found {shown!r}, expected {_EXPECTED} ({problem})", line=place) from error
        start = start or next((row[0] for row in rows if row), "")
    try:
        return _joined(parsed, compact, start)
    except ValueError as error:
        raise data.error(f"in the lattice before this byte, {error}") from error


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


def _is_compact(text: str) -> bool:
    """By the first arc, or by final weights where there is none; a bare state is taken for a compact lattice."""
    arc = _ARC.search(text)
    if arc:
        fields = arc[0].split()
        return len(fields) == 3 or (len(fields) == 4 and "," in fields[3])
    return not _FULL_END.search(text)


def _has_names(rows: List[Row], word: int) -> bool:
    """Whether the field `word` of an arc is not a number."""
    return not all(row[word].isdigit() for row in rows if len(row) > word)


def _blocks(text: str) -> Iterator[Tuple[int, List[Row]]]:
    """The fields of lines, by blocks, since they take much more memory than the text; each with its first line."""
    number = begin = 0
    while begin < len(text):
        end = text.find("\n", begin + _BLOCK)
        end = len(text) if end < 0 else end
        rows = [line.split() for line in text[begin:end].split("\n")]
        yield number, rows
        number += len(rows)
        begin = end + 1


def _malformed(rows: List[Row], compact: bool, words: Optional[SymbolTable]) -> Optional[Tuple[int, str]]:
    """The first line that is malformed by itself, and what is wrong with it."""
    for number, row in enumerate(rows):
        try:
            _parse([row], compact, words)
        except (ValueError, SymbolError) as error:
            return number, str(error)
    return None


def _parse(rows: List[Row], compact: bool, words: Optional[SymbolTable]) -> _Lines:
    """What the lines say; ValueError or SymbolError where one is malformed."""
    one = "0,0," if compact else "0,0"
    columns = _columns([row for row in rows if len(row) > 2], 4 if compact else 5, one)
    ends = _columns([row for row in rows if 0 < len(row) <= 2], 2, one)
    output = _labels(columns[-2], words)
    return _Lines(
        np.stack([_integers(columns[0]), _integers(columns[1])]),
        np.stack([output if compact else _integers(columns[2]), output]),
        *_weights(columns[-1], compact),
        _integers(ends[0]),
        *_weights(ends[1], compact),
    )


def _joined(parsed: List[_Lines], compact: bool, start: str) -> KaldiFst:
    """The lattice of all lines; ValueError where they do not fit together."""
    if not start:
        costs, none = np.empty((2, 0), np.float32), np.empty(0, np.int32)
        return KaldiFst(compact, -1, np.empty((5, 0), np.int32), costs, none, costs, none, none)
    lines = _Lines(*(np.concatenate(parts, axis=-1) for parts in zip(*parsed)))
    num_states, (source, target, ends, first) = _numbered([*lines.states, lines.ends, _integers([start])])
    if len(np.unique(ends)) < len(ends):
        raise ValueError("a state has two final weights")
    arcs = np.stack([source, target, *lines.labels, lines.lengths]).astype(np.int32)
    final_costs = np.full((2, num_states), np.inf, dtype=np.float32)
    final_costs[:, ends] = lines.end_costs
    lengths = np.zeros(num_states, dtype=np.int32)
    lengths[ends] = lines.end_lengths
    behind, order = np.cumsum(lines.end_lengths), np.argsort(ends)
    ids = lines.end_ids[places((behind - lines.end_lengths)[order], behind[order])]
    return KaldiFst(compact, int(first[0]), arcs, lines.costs, lines.ids, final_costs, lengths, ids)


def _columns(rows: List[Row], width: int, one: str) -> List[Sequence[str]]:
    """The columns of lines of `width` fields, of which the last, the weight, may be left out."""
    if any(len(row) != width for row in rows):
        rows = [[*row, one] if len(row) == width - 1 else row for row in rows]
        if any(len(row) != width for row in rows):
            raise ValueError(f"lines of {width} fields, and others")
    return list(zip(*rows)) if rows else [()] * width


def _integers(column: Sequence[str]) -> Integers:
    digits = "".join(column)
    if column and not (digits.isascii() and digits.isdigit()):
        raise ValueError("a number is expected where there is none; for words by name, give LatticeSymbols")
    # Nineteen digits might be more than int64 holds.
    values = np.array(list(map(int, column)), dtype=np.int64) if max(map(len, column), default=0) < 19 else None
    if values is None or values.max(initial=0) > _LARGEST:
        raise ValueError(f"a number above {_LARGEST}")
    return values


def _labels(column: Sequence[str], words: Optional[SymbolTable]) -> Integers:
    if words is None:
        return _integers(column)
    return np.array([words[name] for name in column], dtype=np.int64)


def _weights(column: Sequence[str], compact: bool) -> Tuple[Costs, Integers, Ints]:
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


def _numbered(columns: List[Integers]) -> Tuple[int, List[Integers]]:
    """State numbers, and how many there are; numbers far apart are made close, so that they cost no memory."""
    states = np.concatenate(columns)
    count = int(states.max(initial=-1)) + 1
    if count <= len(states):
        return count, columns
    names, places = np.unique(states, return_inverse=True)
    return len(names), np.split(places, np.cumsum([len(column) for column in columns])[:-1])
