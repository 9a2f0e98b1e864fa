"""Text of lexicon files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import List

from fsaasr.core.errors import LexiconFileError
from fsaasr.core.files import PathLike


def read_utf8(path: PathLike) -> str:
    """The text of a lexicon file; raises LexiconFileError with the line where it is not UTF-8."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise LexiconFileError(path, None, f"cannot be read: {error.strerror}") from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LexiconFileError(
            path, line, f"byte 0x{data[error.start]:02x} is not UTF-8; convert the file to UTF-8"
        ) from error


def read_words(path: PathLike) -> List[str]:
    """The distinct words of a text file, in the order of their first appearance.

    Raises:
      LexiconFileError: no such file, not UTF-8, or no word in it.
    """
    return list(count_words(path))


def count_words(path: PathLike) -> Counter[str]:
    """How often each word stands in a text file, in the order of their first appearance; raises as `read_words`."""
    counts = Counter(read_utf8(path).split())
    if not counts:
        raise LexiconFileError(path, None, "no words; expected at least one")
    return counts
