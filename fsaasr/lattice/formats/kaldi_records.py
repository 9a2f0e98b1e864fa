"""One lattice after another in a Kaldi archive: a key, and a lattice in binary or text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Iterator, Optional

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.formats.byte_stream import CHUNK, ByteStream
from fsaasr.lattice.formats.kaldi_binary import MAGIC, binary_record, read_binary
from fsaasr.lattice.formats.kaldi_fst import from_lattice, to_lattice
from fsaasr.lattice.formats.kaldi_text import read_text, text_record
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.scored_paths import ScoredPaths

_SPACE = b" \t\r\n"
_LONGEST_KEY = 4096


@dataclass(frozen=True, eq=False)
class KaldiNames:
    """What Kaldi's files do not tell.

    Attributes:
      symbols: names of labels.
      tid_column: int (I + 1,): the column of each transition-id, from index 1; None where id i is column i - 1.
    """

    symbols: LatticeSymbols
    tid_column: Optional[npt.NDArray[np.int32]] = None

    @classmethod
    def of(cls, symbols: Optional[LatticeSymbols], tid_column: Optional[npt.NDArray[np.int32]]) -> KaldiNames:
        """With numbers for names where there are no symbols."""
        return cls(LatticeSymbols.unknown() if symbols is None else symbols, tid_column)


def read_records(data: ByteStream, names: KaldiNames) -> Iterator[ScoredPaths]:
    """The lattices of an archive.

    Raises:
      LatticeFileError: a malformed record, or none at all.
    """
    count = 0
    while _skip_space(data):
        yield read_record(data, _take_key(data), names)
        count += 1
    if not count:
        raise data.error("an archive without a lattice")


def read_record(data: ByteStream, utterance: str, names: KaldiNames) -> ScoredPaths:
    """Takes the lattice behind a key; its first byte tells binary from text.

    Raises:
      LatticeFileError: a malformed lattice.
    """
    first, begin, line = data.peek(1), data.position, data.line
    words = names.symbols.words
    if first == MAGIC[:1]:
        fst = read_binary(data)
    elif first and first in _SPACE:
        fst = read_text(data, words if len(words) > 1 else None)
    else:
        found = repr(first) if first else "the end of the file"
        raise data.error(f"utterance {utterance!r}: found {found}, expected a lattice in binary or, on lines, in text")
    try:
        return to_lattice(fst, utterance, names.symbols, names.tid_column)
    except LatticeError as error:
        raise data.error(str(error), begin - data.position, None if data.line is None else line) from error


def write_record(lattice: ScoredPaths, file: BinaryIO, text: bool) -> int:
    """Writes a lattice, without its key; the number of bytes."""
    record = (text_record if text else binary_record)(from_lattice(lattice))
    return file.write(record)


def key_bytes(utterance: str) -> bytes:
    """An utterance id as a key, with the space behind it.

    Raises:
      LatticeError: an id that is empty, too long, or holds white space.
    """
    key = utterance.encode()
    if not key or len(key) > _LONGEST_KEY or len(utterance.split()) != 1 or utterance.strip() != utterance:
        raise LatticeError(f"utterance {utterance!r} cannot be a key of a Kaldi archive: empty, or with white space")
    return key + b" "


def _skip_space(data: ByteStream) -> bool:
    """Passes white space; whether anything follows."""
    while True:
        seen = data.peek(CHUNK)
        space = len(seen) - len(seen.lstrip(_SPACE))
        if data.line is not None:
            data.line += seen.count(b"\n", 0, space)
        data.skip(space)
        if space < len(seen) or not seen:
            return bool(seen)


def _take_key(data: ByteStream) -> str:
    """Takes a key and the space behind it; the end of a line stays, as the beginning of a lattice in text."""
    seen = data.peek(_LONGEST_KEY + 1)
    fields = seen.split(None, 1)
    key = fields[0] if fields else b""
    try:
        utterance = key.decode()
    except UnicodeDecodeError as error:
        raise data.error("a key that is not UTF-8; not an archive, or damaged", error.start) from error
    if len(key) == len(seen):
        what = "a key without a lattice behind it" if len(seen) <= _LONGEST_KEY else f"no key in {_LONGEST_KEY} bytes"
        raise data.error(f"{what}; not an archive, or damaged")
    data.skip(len(key) + (seen[len(key) : len(key) + 1] in (b" ", b"\t")))
    return utterance
