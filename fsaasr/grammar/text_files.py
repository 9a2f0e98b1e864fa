"""Reading text files, plain or gzipped."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from typing import IO, Iterator, List, cast

from fsaasr.core.errors import GrammarFileError
from fsaasr.core.files import PathLike


@contextmanager
def open_text(path: PathLike) -> Iterator[IO[bytes]]:
    """Opens a plain or gzipped file, told by its first bytes, for reading bytes.

    Raises:
      GrammarFileError: the gzipped data are damaged or cut short.
    """
    with open(path, "rb") as plain:
        gzipped = plain.read(2) == b"\x1f\x8b"
        plain.seek(0)
        if not gzipped:
            yield plain
            return
        try:
            with gzip.open(plain) as file:
                yield cast(IO[bytes], file)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise GrammarFileError(path, None, f"damaged gzip file ({error}); fetch or make it anew") from error


def read_sentences(path: PathLike) -> Iterator[List[str]]:
    """The sentences of a text file, one a line, as lists of words; reads as it goes.

    Words are what stands between white space. An empty line is an empty sentence, as KenLM takes it.

    Args:
      path: a UTF-8 file, plain or gzipped.

    Yields:
      The words of the next line.

    Raises:
      GrammarFileError: a line is not UTF-8, or the gzipped data are damaged.
    """
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise GrammarFileError(
                    path, number, f"found byte {line[error.start]:#04x}, expected UTF-8; convert the file's encoding"
                ) from error
            yield text.split()
