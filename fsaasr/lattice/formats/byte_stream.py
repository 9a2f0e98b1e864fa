"""`ByteStream`: a stream's bytes by their place, looked at before they are taken."""

from __future__ import annotations

from typing import BinaryIO, Optional

from fsaasr.core.errors import LatticeFileError

CHUNK = 1 << 16
MAX_RECORD = 1 << 28
"""Bytes of the largest lattice; one that claims more is damaged."""


class ByteStream:
    """Bytes of a stream from where it stands.

    Attributes:
      path: for errors. position: place of the next byte. line: its line from 1, or None once it is not known.
    """

    def __init__(self, file: BinaryIO, path: str, position: int = 0) -> None:
        self.path = path
        self.position = position
        self.line: Optional[int] = 1 if position == 0 else None
        self._file = file
        self._buffer = b""
        self._start = 0

    def peek(self, count: int) -> bytes:
        """The next `count` bytes, fewer where the stream ends before; they stay.

        Raises:
          LatticeFileError: more than MAX_RECORD bytes are asked for.
        """
        if count > MAX_RECORD:
            raise self.error(f"a lattice of more than {MAX_RECORD} bytes; the file is damaged")
        missing = self._start + count - len(self._buffer)
        if missing > 0:
            more = self._file.read(max(missing, CHUNK))
            self._buffer = self._buffer[self._start :] + more
            self._start = 0
        return self._buffer[self._start : self._start + count]

    def take(self, count: int) -> bytes:
        """The next `count` bytes, or as many as there are, of a binary record."""
        taken = self.peek(count)
        self.skip(len(taken))
        self.line = None
        return taken

    def skip(self, count: int) -> None:
        """Passes bytes that were peeked."""
        self._start += count
        self.position += count

    def error(self, problem: str, offset: int = 0, line: Optional[int] = None) -> LatticeFileError:
        """An error at the byte `offset` from here, or at a line."""
        where = "" if line is not None else f"byte {self.position + offset}: "
        return LatticeFileError(self.path, line, where + problem)
