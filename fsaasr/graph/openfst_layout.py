"""The layout of OpenFst's binary files: one header, then states and arcs."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Tuple

import numpy as np

MAGIC = 2125659606
CONST_VERSION = 2
EXPANDED = 1
"""Property of an FST whose states are counted."""
CONST_STATE = np.dtype([("final", "<f4"), ("pos", "<u4"), ("arcs", "<u4"), ("ieps", "<u4"), ("oeps", "<u4")])
"""A state of a `const` FST: final cost, first arc, number of arcs, of input and of output epsilons."""
ARC = np.dtype([("ilabel", "<i4"), ("olabel", "<i4"), ("cost", "<f4"), ("next", "<i4")])
"""An arc of type `standard` or `log`."""
HAS_INPUT_SYMBOLS, HAS_OUTPUT_SYMBOLS, IS_ALIGNED = 1, 2, 4
"""Flags of the header."""


@dataclass(frozen=True)
class Header:
    """What stands at the beginning: type of FST and arc, version, flags, and counts (-1 where unknown)."""

    fst_type: str
    arc_type: str
    version: int
    flags: int
    start: int
    num_states: int
    num_arcs: int


class ByteReader:
    """Reads numbers and strings of a byte string in turn; ValueError, with the byte, where it ends too early."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def numbers(self, layout: str) -> Tuple[int, ...]:
        """The next numbers, in `struct`'s notation."""
        size = struct.calcsize("<" + layout)
        self.need(size)
        found = struct.unpack_from("<" + layout, self.data, self.place)
        self.place += size
        return found

    def string(self) -> str:
        """The next string, its length before it."""
        (size,) = self.numbers("i")
        if size < 0:
            raise ValueError(f"byte {self.place - 4}: a string of length {size}")
        self.need(size)
        self.place += size
        return self.data[self.place - size : self.place].decode("utf-8", "replace")

    def need(self, size: int) -> None:
        """Raises ValueError unless `size` more bytes are there."""
        if size > len(self.data) - self.place:
            raise ValueError(f"byte {self.place}: cut off, {len(self.data) - self.place} bytes of {size} are there")

    def align(self, size: int) -> None:
        """Goes on to a multiple of `size`."""
        self.place += -self.place % size

    def header(self) -> Header:
        """The header of an FST."""
        (magic,) = self.numbers("i")
        if magic != MAGIC:
            raise ValueError("byte 0: not a binary OpenFst file")
        fst_type, arc_type = self.string(), self.string()
        version, flags, _, start, num_states, num_arcs = self.numbers("iiQqqq")
        return Header(fst_type, arc_type, version, flags, start, num_states, num_arcs)
