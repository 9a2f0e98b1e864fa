"""`ByteStream`: a stream's bytes by their place, looked at before they are taken."""

from __future__ import annotations

import gzip
import os
from contextlib import contextmanager
from typing import BinaryIO, Iterator, Optional

from fsaasr.core.compressed import MAX_RATIO
from fsaasr.core.errors import LatticeFileError
from fsaasr.lattice.formats.streams import reading

CHUNK = 1 << 16
MAX_RECORD = 1 << 30
"""Bytes of the largest lattice in a pipe, whose size nobody knows."""


class ByteStream:
    """Bytes of a stream from where it stands.

    Attributes:
      path: for errors. position: place of the next byte. line: its line from 1, or None once it is not known.
      usual: bytes of the record before, and some, as a guess at the next one's.
    """

    def __init__(self, file: BinaryIO, path: str, position: int = 0, limit: int = MAX_RECORD) -> None:
        """Args:
        file: where to read on. path: its name.
        position: place of its next byte.
        limit: no more bytes than these are looked at ahead, so that a damaged length costs no memory.
        """
        self._limit = limit
        self.usual = CHUNK >> 2
        self.path = path
        self.position = position
        self.line: Optional[int] = 1 if position == 0 else None
        self._file = file
        self._buffer = bytearray()
        self._start = 0

    def peek(self, count: int) -> bytes:
        """The next `count` bytes, fewer where the stream ends before, or beyond the limit; they stay."""
        count = min(count, self._limit)
        if self._start + count > len(self._buffer):
            del self._buffer[: self._start]
            self._start = 0
            while len(self._buffer) < count:
                more = self._file.read(CHUNK)
                if not more:
                    break
                self._buffer += more
        return bytes(memoryview(self._buffer)[self._start : self._start + count])

    def take(self, count: int) -> bytes:
        """The next `count` bytes, or as many as there are."""
        taken = self.peek(count)
        self.skip(len(taken))
        return taken

    def skip(self, count: int) -> None:
        """Passes bytes that were peeked."""
        self._start += count
        self.position += count

    def end_record(self, count: int) -> None:
        """Passes the `count` bytes of a record."""
        self.usual = count + (count >> 2) + (CHUNK >> 4)
        self.skip(count)

    def error(self, problem: str, offset: int = 0, line: Optional[int] = None) -> LatticeFileError:
        """An error at the byte `offset` from here, or at a line."""
        where = "" if line is not None else f"byte {self.position + offset}: "
        return LatticeFileError(self.path, line, where + problem)


@contextmanager
def byte_stream(path: str, offset: int = 0) -> Iterator[ByteStream]:
    """Opens a file as `reading` does; no lattice in it is larger than it, or than it may be when it is unpacked."""
    with reading(path, offset) as file:
        limit = MAX_RECORD
        if os.path.isfile(path):
            limit = os.path.getsize(path) * (MAX_RATIO if isinstance(file, gzip.GzipFile) else 1) + CHUNK
        yield ByteStream(file, path, offset, limit)
