"""OpenFst's binary files, read without OpenFst, so that a damaged file is an error and no more.

OpenFst itself believes the counts in the header and reserves what they ask for. Here every count is held
against the bytes that are there before anything is allocated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.compressed import read_bytes
from fsaasr.core.errors import FileFormatError, GraphError
from fsaasr.core.files import PathLike
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.openfst_layout import (
    ARC,
    CONST_STATE,
    HAS_INPUT_SYMBOLS,
    HAS_OUTPUT_SYMBOLS,
    IS_ALIGNED,
    ByteReader,
    Header,
)

_SYMBOLS_MAGIC = 2125658996
_ALIGNMENT = 16
_ANY_LABEL = 2**31 - 2


@dataclass(frozen=True)
class FileSymbols:
    """A symbol table in a file: its own name, and the symbol of each label."""

    name: str
    symbols: Mapping[int, str]


@dataclass(frozen=True, eq=False)
class OpenFstFile:
    """What a file holds: the FST, costs turned into scores, and its symbol tables, where it has them."""

    fst: FstArrays
    input_symbols: Optional[FileSymbols] = None
    output_symbols: Optional[FileSymbols] = None


Body = Tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], npt.NDArray[np.void]]
"""Final cost of each state, offsets of its arcs, arcs."""


def read_openfst_file(path: PathLike) -> OpenFstFile:
    """Reads a `vector` or `const` FST with `standard` or `log` arcs, plain or gzipped; costs become scores.

    Raises:
      FileFormatError: another kind of file or FST, or a damaged one; names the byte where it has one.
    """
    return parse_openfst(read_bytes(path), path)


def parse_openfst(data: bytes, path: PathLike) -> OpenFstFile:
    """The FST in the bytes of a file; `path` is named in errors. See `read_openfst_file`."""
    reader = ByteReader(data)
    try:
        header = reader.header()
        _check_kind(header)
        tables = [_symbols(reader) if header.flags & f else None for f in (HAS_INPUT_SYMBOLS, HAS_OUTPUT_SYMBOLS)]
        final, offsets, arcs = (_const if header.fst_type == "const" else _vector)(reader, header)
        with np.errstate(invalid="ignore"):  # NaN, if any, is refused below
            score, final_score = np.float32(0) - arcs["cost"], np.float32(0) - final
        target, inputs, outputs = (np.ascontiguousarray(arcs[name]) for name in ("next", "ilabel", "olabel"))
        fst = FstArrays(offsets, target, inputs, outputs, score, final_score, header.start)
        fst.check(_ANY_LABEL)
    except (ValueError, GraphError) as error:
        raise FileFormatError(path, None, f"{error}; expected an FST as OpenFst, Kaldi or pynini write it") from error
    return OpenFstFile(fst, *tables)


def _check_kind(header: Header) -> None:
    if header.fst_type not in ("vector", "const"):
        raise ValueError(
            f"FST type {header.fst_type!r}; convert it with `fstconvert --fst_type=vector`, which reads every type"
        )
    if header.arc_type not in ("standard", "log"):
        raise ValueError(f"arc type {header.arc_type!r}; convert it with `fstmap --map_type=to_standard`")


def _symbols(reader: ByteReader) -> FileSymbols:
    (magic,) = reader.numbers("i")
    if magic != _SYMBOLS_MAGIC:
        raise ValueError(f"byte {reader.place - 4}: a symbol table was announced and is not there")
    name = reader.string()
    _, size = reader.numbers("qq")
    symbols = {}
    for _ in range(size):  # each takes 12 bytes at least, so this ends with the data
        symbol = reader.string()
        symbols[reader.numbers("q")[0]] = symbol
    return FileSymbols(name, symbols)


def _const(reader: ByteReader, header: Header) -> Body:
    aligned = header.flags & IS_ALIGNED or header.version == 1
    states = _table(reader, CONST_STATE, header.num_states, bool(aligned))
    arcs = _table(reader, ARC, header.num_arcs, bool(aligned))
    offsets = np.zeros(header.num_states + 1, dtype=np.int64)
    np.cumsum(states["arcs"], out=offsets[1:])
    has_arcs = states["arcs"] > 0
    if not np.array_equal(states["pos"][has_arcs], offsets[:-1][has_arcs]):
        raise ValueError("the states' arcs do not follow one another")
    return np.ascontiguousarray(states["final"]), offsets, arcs


def _table(reader: ByteReader, kind: np.dtype[np.void], count: int, aligned: bool) -> npt.NDArray[np.void]:
    if aligned:
        reader.align(_ALIGNMENT)
    if count < 0:
        raise ValueError(f"a count of {count} in the header")
    reader.need(count * kind.itemsize)
    table = np.frombuffer(reader.data, dtype=kind, count=count, offset=reader.place)
    reader.place += table.nbytes
    return table


def _vector(reader: ByteReader, header: Header) -> Body:
    """A state is its final cost and the number of its arcs, 64 bits, and its arcs: all in words of four bytes."""
    from fsaasr.graph.foreign.openfst_file_kernels import walk_states

    count = (len(reader.data) - reader.place) // 4
    if header.num_states * 3 > count:
        raise ValueError(f"byte {reader.place}: {header.num_states} states announced, more than {4 * count} bytes hold")
    words = np.frombuffer(reader.data, dtype=np.int32, count=count, offset=reader.place)
    # OpenFst counts no states where it could not go back to write the number; they then last until the end.
    places, end = walk_states(words, header.num_states if header.num_states >= 0 else count // 3 + 1)
    if len(places) < header.num_states or (header.num_states < 0 and end != count):
        raise ValueError(f"byte {reader.place + 4 * end}: cut off in state {len(places)}")
    is_arc = np.ones(end, dtype=bool)
    for part in range(3):
        is_arc[places + part] = False
    arcs = words[:end][is_arc].view(ARC)
    offsets = np.concatenate([(places - 3 * np.arange(len(places))) // 4, [len(arcs)]])
    return words[places].view(np.float32), offsets.astype(np.int64), arcs
