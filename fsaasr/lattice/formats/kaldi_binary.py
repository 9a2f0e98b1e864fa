"""Kaldi lattices in binary: OpenFst's `vector` layout with the arcs `lattice4` or `compactlattice44`."""

from __future__ import annotations

import struct
from typing import Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.graph import openfst_layout
from fsaasr.lattice.formats.byte_stream import ByteStream
from fsaasr.lattice.formats.kaldi_fst import KaldiFst

MAGIC = struct.pack("<i", openfst_layout.MAGIC)
_VERSION = 2
_HAS_SYMBOLS = openfst_layout.HAS_INPUT_SYMBOLS | openfst_layout.HAS_OUTPUT_SYMBOLS
# A vector FST is expanded and mutable; of everything else that OpenFst can note, nothing is claimed.
_PROPERTIES = 3
_NUMBERS = struct.Struct("<iiQqqq")
_FULL, _COMPACT = b"lattice4", b"compactlattice44"


def read_binary(data: ByteStream) -> KaldiFst:
    """Takes a lattice that begins at the next byte.

    Raises:
      LatticeFileError: not such a lattice, or one that is cut short; it names the byte.
    """
    from fsaasr.lattice.formats import kaldi_kernels

    compact, start, num_states = _read_header(data)
    words, (arcs, ids, final_ids) = _read_body(data, num_states, compact)
    fst = KaldiFst(
        compact,
        start,
        np.zeros((5, arcs), dtype=np.int32),
        np.empty((2, arcs), dtype=np.float32),
        np.empty(ids, dtype=np.int32),
        np.empty((2, num_states), dtype=np.float32),
        np.zeros(num_states, dtype=np.int32),
        np.empty(final_ids, dtype=np.int32),
    )
    finals = (fst.final_costs, fst.final_lengths, fst.final_ids)
    kaldi_kernels.parse(words, words.view(np.float32), compact, fst.arcs, fst.costs, fst.ids, finals)
    return fst


def binary_record(fst: KaldiFst) -> bytes:
    """A lattice whose arcs are sorted by source and whose final weights have no strings, as bytes."""
    from fsaasr.lattice.formats import kaldi_kernels

    num_arcs, num_states = fst.arcs.shape[1], fst.final_costs.shape[1]
    arc_words, state_words = (6, 5) if fst.compact else (5, 4)
    words = np.empty(num_arcs * arc_words + num_states * state_words + len(fst.ids), dtype=np.int32)
    kaldi_kernels.serialize(fst.compact, fst.arcs, fst.costs, fst.ids, fst.final_costs, words, words.view(np.float32))
    header = MAGIC + _text(b"vector") + _text(_COMPACT if fst.compact else _FULL)
    return header + _NUMBERS.pack(_VERSION, 0, _PROPERTIES, fst.start, num_states, num_arcs) + words.tobytes()


def _read_header(data: ByteStream) -> Tuple[bool, int, int]:
    """Takes the header; whether the lattice is compact, its start, and its number of states."""
    if data.peek(4) != MAGIC:
        raise data.error(f"found {data.peek(4)!r}, expected the beginning of a lattice, {MAGIC!r}")
    begin, data.line = data.position, None
    data.take(4)
    kind, arc_type = _take_text(data), _take_text(data)
    if kind != b"vector" or arc_type not in (_FULL, _COMPACT):
        raise data.error(
            f"an FST of kind {kind!r} with arcs {arc_type!r}; expected {b'vector'!r} with {_FULL!r} or {_COMPACT!r}",
            begin - data.position,
        )
    numbers = data.take(_NUMBERS.size)
    if len(numbers) < _NUMBERS.size:
        raise _cut(data)
    version, flags, _, start, num_states, _ = _NUMBERS.unpack(numbers)
    if version != _VERSION or flags & _HAS_SYMBOLS or num_states < 0:
        raise data.error(
            f"a header with version {version}, flags {flags} and {num_states} states; expected version {_VERSION}, "
            "no symbol tables, and a number of states",
            -_NUMBERS.size,
        )
    return arc_type == _COMPACT, start, num_states


def _read_body(data: ByteStream, num_states: int, compact: bool) -> Tuple[npt.NDArray[np.int32], Tuple[int, int, int]]:
    """Takes the body, int32 words; the numbers of arcs, of ids of arcs and of ids of final weights."""
    from fsaasr.lattice.formats import kaldi_kernels

    wanted = data.usual
    while True:
        seen = data.peek(wanted)
        words = np.frombuffer(seen, dtype="<i4", count=len(seen) // 4)
        status, place, *sizes = kaldi_kernels.measure(words, num_states, compact)
        if status == kaldi_kernels.WHOLE:
            break
        if status == kaldi_kernels.BAD_LENGTH:
            raise data.error(f"a string of {words[place]} transition-ids; expected a length >= 0", 4 * place)
        if status == kaldi_kernels.BAD_COUNT:
            raise data.error(f"a state with {words[place : place + 2].view('<i8')[0]} arcs; damaged", 4 * place)
        if len(seen) < wanted:
            raise _cut(data, len(seen))
        wanted *= 4
    data.end_record(4 * place)
    return words[:place], (sizes[0], sizes[1], sizes[2])


def _take_text(data: ByteStream) -> bytes:
    """Takes one of OpenFst's strings: its length as int32, then its bytes."""
    size = int.from_bytes(data.peek(4), "little", signed=True)
    if not 0 <= size <= 64:
        raise data.error(f"a name of {size} bytes where the kind of FST or of its arcs is expected")
    taken = data.take(4 + size)
    if len(taken) < 4 + size:
        raise _cut(data)
    return taken[4:]


def _text(value: bytes) -> bytes:
    return struct.pack("<i", len(value)) + value


def _cut(data: ByteStream, offset: int = 0) -> Exception:
    return data.error("the file ends within a lattice; it is cut short or damaged", offset)
