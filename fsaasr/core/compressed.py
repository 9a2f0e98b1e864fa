"""Files that may be gzipped, read whole within bounds."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from fsaasr.core.errors import FileFormatError
from fsaasr.core.files import PathLike

GZIP_MAGIC = b"\x1f\x8b"
MAX_RATIO = 300
"""A gzipped file of graphs or lattices that unpacks to more than this many times its size is taken for a trap."""
_FREE = 1 << 20


def read_bytes(path: PathLike, max_ratio: int = MAX_RATIO) -> bytes:
    """The content of a plain or gzipped file, told by its first bytes.

    Args:
      path: the file.
      max_ratio: bytes that a gzipped byte may unpack to; a mebibyte is free.

    Raises:
      FileFormatError: the file cannot be read, or its gzipped data are damaged, cut short or beyond the bound.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise FileFormatError(path, None, f"cannot be read: {error.strerror}") from error
    if data[:2] != GZIP_MAGIC:
        return data
    limit = len(data) * max_ratio + _FREE
    try:
        with gzip.open(path) as file:
            unpacked = file.read(limit + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileFormatError(path, None, f"damaged gzip file ({error}); fetch or make it anew") from error
    if len(unpacked) > limit:
        raise FileFormatError(
            path,
            None,
            f"unpacks to more than {limit} bytes from {len(data)}; if that is meant, unpack it with gunzip first",
        )
    return unpacked
