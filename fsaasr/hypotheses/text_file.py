"""Text files in the encodings that such files come in."""

from __future__ import annotations

import codecs
from pathlib import Path

from fsaasr.core.errors import HypothesisFileError
from fsaasr.core.files import PathLike


def read_unicode(path: PathLike) -> str:
    """The text of a file in UTF-8, or in UTF-16 where a byte order mark says so; line ends become `\\n`.

    Raises:
      HypothesisFileError: no such file, or bytes that are not of the encoding, with the line.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise HypothesisFileError(path, None, f"cannot be read: {error.strerror}") from error
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = None if wide else data.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{data[error.start]:02x} is not {'UTF-16' if wide else 'UTF-8'}"
        raise HypothesisFileError(path, line, f"{found}; convert the file") from error
    return text.replace("\r\n", "\n")
