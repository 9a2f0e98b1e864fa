"""HTK's Standard Lattice Format (The HTK Book 3.4, chapter 20): one word lattice a file, as text."""

from __future__ import annotations

from typing import Iterator, Optional

from fsaasr.core.compressed import read_bytes
from fsaasr.core.errors import FileFormatError, LatticeError, LatticeFileError
from fsaasr.lattice.formats.registry import LatticeFormat
from fsaasr.lattice.formats.slf_parser import parse_slf
from fsaasr.lattice.formats.slf_reader import SlfReader
from fsaasr.lattice.formats.slf_writer import write
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.word_lattice import WordLattice

DEFAULT_FRAME_SHIFT = 0.01


def read(path: str, symbols: Optional[LatticeSymbols] = None) -> Iterator[WordLattice]:
    """The lattice of a file, plain or gzipped, words on links or nodes.

    Words are those of the file where `symbols` has none, and so are columns, which are called as the segments are.
    The frame shift is the file's own where this package wrote it, else that of `symbols`, else 0.01.

    Raises:
      LatticeFileError: a malformed file, sub-lattices, a node without time, a time off the frames, words or segments
        that `symbols` lacks, more than one start, a cycle; names the line where there is one.
    """
    try:
        text = read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise LatticeFileError(path, None, f"byte {error.start}: not UTF-8; convert the file") from error
    except FileFormatError as error:
        raise LatticeFileError(path, error.line, error.problem) from error
    symbols = LatticeSymbols.unknown(DEFAULT_FRAME_SHIFT) if symbols is None else symbols
    slf = parse_slf(text, path)
    slf.header.setdefault("UTTERANCE", SLF.stem(path))
    try:
        yield SlfReader(slf, path, symbols).lattice()
    except LatticeFileError:
        raise
    except (LatticeError, ValueError) as error:
        raise LatticeFileError(path, None, f"{error}") from error


SLF = LatticeFormat(
    "HTK SLF",
    (".slf", ".lat"),
    read,
    write,
    "flags and evidence of the search, where equal tokens follow one another, and silence and topology as parts of "
    "the graph score; final scores become links without word",
    one_per_file=True,
)
