"""Bytes of lattice files, packed or not."""

from __future__ import annotations

import gzip
import sys
import zlib
from contextlib import contextmanager
from typing import BinaryIO, Iterator, cast

from fsaasr.core.compressed import GZIP_MAGIC
from fsaasr.core.errors import LatticeFileError
from fsaasr.core.files import atomic_path
from fsaasr.lattice.formats.registry import GZ

STANDARD = "-"
"""Name of standard input and output."""


@contextmanager
def reading(path: str, offset: int = 0) -> Iterator[BinaryIO]:
    """Opens a file to read bytes from `offset` on, unpacked where it begins as gzipped data do; `-` is standard input.

    Raises:
      LatticeFileError: the file cannot be opened, or what is packed is damaged, also while the block reads.
    """
    if path == STANDARD:
        yield sys.stdin.buffer
        return
    try:
        with open(path, "rb") as file:
            if file.peek(2)[:2] == GZIP_MAGIC and not offset:
                with gzip.open(file) as unpacked:
                    yield cast(BinaryIO, unpacked)
            else:
                if offset:
                    file.seek(offset)
                yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise LatticeFileError(path, None, f"not whole gzip data ({error}); copy or make the file again") from error
    except OSError as error:
        raise LatticeFileError(path, None, f"cannot be read: {error.strerror or error}") from error


@contextmanager
def writing(path: str) -> Iterator[BinaryIO]:
    """Opens a file to write bytes, packed where its name ends in `.gz`; if the block raises, nothing is written.

    Packed files hold no name and no time, so that equal content gives equal files. `-` is standard output.
    """
    if path == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        if not path.endswith(GZ):
            yield file
            return
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed:
            yield cast(BinaryIO, packed)
