"""Lattices as JSON lines: all that a lattice is, in text that any language reads.

A line `{"format": ..., "words": [...], "tokens": [...], "column_token": [...]}` names the labels of the lattices
that follow, until another such line comes; any other line is a lattice, its arrays under the names of `Lattice` and
`WordLattice`. Final scores are pairs of lists, as most states have none.
"""

from __future__ import annotations

import json
from typing import Any, BinaryIO, Dict, Iterable, Iterator, List, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError, LatticeFileError, SymbolError
from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice.check import check
from fsaasr.lattice.formats.json_record import lattice_of, record_of
from fsaasr.lattice.formats.lattice_meta import symbols_of
from fsaasr.lattice.formats.registry import LatticeFormat
from fsaasr.lattice.formats.streams import reading, writing
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.scored_paths import ScoredPaths

FORMAT = "fsaasr.Lattices.1"
"""Name of the file format."""
MAX_LINE = 1 << 28
"""Bytes of a line: a lattice of millions of arcs."""

Value = Union[npt.NDArray[Any], Any]


def read(path: str, symbols: Optional[LatticeSymbols] = None) -> Iterator[ScoredPaths]:
    """The lattices of a file; it has its own symbols, so those given are not needed.

    Raises:
      LatticeFileError: a line that is no JSON, lacks a field, has one too many, or tells no sound lattice.
    """
    names: Optional[LatticeSymbols] = None
    with reading(path) as file:
        for number, line in _lines(file, path):
            try:
                record = json.loads(line, parse_constant=_refuse)
                if not isinstance(record, dict):
                    raise LatticeError(f"found a {type(record).__name__}, expected an object")
                if "format" in record:
                    names = _symbols(record)
                    continue
                if names is None:
                    raise LatticeError("a lattice before any line with the symbols")
                lattice = lattice_of(record, names)
                check(lattice)
            except (ValueError, OverflowError, RecursionError, LatticeError, SymbolError) as error:
                raise LatticeFileError(path, number, f"{error}; expected what `write_lattices` writes") from error
            yield lattice
        if names is None:
            raise LatticeFileError(path, None, "no lines; expected what `write_lattices` writes")


def write(lattices: Iterable[ScoredPaths], path: str) -> int:
    """Writes lattices, a line each, and a line of symbols wherever they change; returns their number."""
    count = 0
    last: Optional[Tuple[SymbolTable, SymbolTable, List[int]]] = None
    with writing(path) as file:
        for lattice in lattices:
            check(lattice)
            symbols = (lattice.words, lattice.tokens, lattice.column_token.tolist())
            if symbols != last:
                last = symbols
                names = {"words": symbols[0].names, "tokens": symbols[1].names, "column_token": symbols[2]}
                file.write((_object({"format": FORMAT, **names}) + "\n").encode())
            file.write((_object(record_of(lattice)) + "\n").encode())
            count += 1
        if last is None:
            file.write((_object({"format": FORMAT, "words": [], "tokens": [], "column_token": []}) + "\n").encode())
    return count


def _lines(file: BinaryIO, path: str) -> Iterator[Tuple[int, bytes]]:
    number = 0
    while True:
        line = file.readline(MAX_LINE + 1)
        number += 1
        if len(line) > MAX_LINE:
            raise LatticeFileError(path, number, f"a line of more than {MAX_LINE} bytes; no lattice is that large")
        if not line:
            return
        if not line.endswith(b"\n"):
            raise LatticeFileError(path, number, "the last line has no end; the file is cut short")
        yield number, line


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _object(fields: Dict[str, Value]) -> str:
    return "{" + ", ".join(f"{json.dumps(name)}: {_text(value)}" for name, value in fields.items()) + "}"


def _text(value: Value) -> str:
    if not isinstance(value, np.ndarray):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    # numpy writes as many digits as it takes to tell a float32 from its neighbours; Python would write it as a double.
    return "[" + ", ".join(value.astype("U32").tolist() if value.dtype.kind == "f" else map(str, value.tolist())) + "]"


def _symbols(record: Dict[str, Any]) -> LatticeSymbols:
    if record.get("format") != FORMAT or set(record) != {"format", "words", "tokens", "column_token"}:
        raise LatticeError(f"a head of format {record.get('format')!r} with {sorted(record)}, expected {FORMAT}")
    return symbols_of({**record, "frame_shift": 1.0})


JSON_LINES = LatticeFormat("JSON lines", (".jsonl",), read, write, "")
