"""Text of lexicon files."""

from __future__ import annotations

from pathlib import Path

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
