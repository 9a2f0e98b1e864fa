"""Kaldi's `.scp` files: a line a lattice, `utterance file:offset`."""

from __future__ import annotations

import re
from functools import partial
from typing import Dict, Iterator, Mapping, NamedTuple, Optional

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeFileError
from fsaasr.core.files import PathLike
from fsaasr.lattice.formats.byte_stream import byte_stream
from fsaasr.lattice.formats.kaldi_records import KaldiNames, read_record
from fsaasr.lattice.formats.streams import reading
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.scored_paths import ScoredPaths

_LONGEST_LINE = 1 << 16
_PLACE = re.compile(r"(.+):(\d{1,18})")


class Entry(NamedTuple):
    """A line of a script: whose lattice it is, and where it stands."""

    utterance: str
    file: str
    offset: int


def read_script(path: str) -> Iterator[Entry]:
    """The lines of a script, one at a time.

    Raises:
      LatticeFileError: a malformed line, a command, or no line at all.
    """
    number = 0
    with reading(path) as file:
        for number, line in enumerate(iter(partial(file.readline, _LONGEST_LINE), b""), 1):
            yield _parse(path, number, line)
    if not number:
        raise LatticeFileError(path, None, "a script without a line")


def _parse(path: str, number: int, line: bytes) -> Entry:
    try:
        fields = line.decode().split(None, 1)
    except UnicodeDecodeError as error:
        raise LatticeFileError(path, number, f"not UTF-8 ({error})") from error
    if len(fields) != 2:
        raise LatticeFileError(path, number, f"found {line[:100]!r}, expected `utterance file:offset`")
    utterance, place = fields[0], fields[1].strip()
    if place.endswith(("|", "]")):
        raise LatticeFileError(path, number, f"found {place[:100]!r}, expected file:offset; commands are not run")
    match = _PLACE.fullmatch(place)
    file, offset = (match[1], int(match[2])) if match else (place, 0)
    return Entry(utterance, file, offset)


def read_entry(entry: Entry, names: KaldiNames) -> ScoredPaths:
    """The lattice that a line of a script names.

    Raises:
      LatticeFileError: there is no such file, or no lattice at that byte of it.
    """
    with byte_stream(entry.file, entry.offset) as data:
        return read_record(data, entry.utterance, names)


class KaldiTable(Mapping[str, ScoredPaths]):
    """The lattices of an `.scp` by utterance id, `KaldiTable("lat.scp")["utt1"]`; each is read when it is asked for."""

    def __init__(
        self,
        script: PathLike,
        symbols: Optional[LatticeSymbols] = None,
        tid_column: Optional[npt.NDArray[np.int32]] = None,
    ) -> None:
        """Args:
          script: the `.scp` file; file names in it are relative to the working directory, as in Kaldi.
          symbols, tid_column: as for `read_kaldi`.

        Raises:
          LatticeFileError: a malformed line, or an utterance in two lines.
        """
        self._names = KaldiNames.of(symbols, tid_column)
        self._entries: Dict[str, Entry] = {}
        for number, entry in enumerate(read_script(str(script)), 1):
            if self._entries.setdefault(entry.utterance, entry) is not entry:
                raise LatticeFileError(script, number, f"utterance {entry.utterance!r} stands in an earlier line too")

    def __getitem__(self, utterance: str) -> ScoredPaths:
        """Reads a lattice; KeyError where the script has none, LatticeFileError where it is malformed."""
        return read_entry(self._entries[utterance], self._names)

    def __iter__(self) -> Iterator[str]:
        """Utterance ids, in the order of the script."""
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
