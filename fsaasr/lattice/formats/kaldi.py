"""Kaldi's lattice archives: `Lattice` and `CompactLattice`, binary and text, in one file or through an `.scp`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Iterable, Iterator, Optional

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.formats.byte_stream import byte_stream
from fsaasr.lattice.formats.kaldi_records import KaldiNames, key_bytes, read_records, write_record
from fsaasr.lattice.formats.kaldi_script import read_entry, read_script
from fsaasr.lattice.formats.kaldi_specifier import PREFIXES, parse_read, parse_write
from fsaasr.lattice.formats.registry import LatticeFormat
from fsaasr.lattice.formats.streams import writing
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.scored_paths import ScoredPaths


def read_kaldi(
    specifier: str,
    symbols: Optional[LatticeSymbols] = None,
    tid_column: Optional[npt.NDArray[np.int32]] = None,
) -> Iterator[ScoredPaths]:
    """The lattices of an archive or a script, one at a time.

    A `CompactLattice` becomes a `WordLattice`, a `Lattice` a `Lattice`. In compact lattices that Kaldi determinized and
    did not align to words, an arc's frames are near its word's, but not exactly its.

    Args:
      specifier: `x.ark`, `x.ark.gz`, `x.scp`, `ark:x`, `scp:x`; `ark:-` is standard input. Binary or text shows itself.
      symbols: names of labels; labels without names are named by their numbers. Text may also hold names of words;
        where all words of a lattice are digits, they are taken for labels.
      tid_column: int (I + 1,): the score column of each of Kaldi's transition-ids, from index 1, for lattices made with
        a transition model. Without it, transition-id i is column i - 1, as `write_kaldi` writes it.

    Raises:
      LatticeError: a specifier that names no file.
      LatticeFileError: on the way, a malformed file.
    """
    source = parse_read(specifier)
    names = KaldiNames.of(symbols, tid_column)
    return _read_archive(source.archive, names) if source.archive else _read_script(str(source.script), names)


def write_kaldi(lattices: Iterable[ScoredPaths], specifier: str) -> int:
    """Writes lattices as they come, and returns their number.

    Args:
      lattices: a `WordLattice` becomes a `CompactLattice`, a `Lattice` a `Lattice`. Costs are scores with the sign
        changed, so the search's acoustic scale is in them: Kaldi's programs take them with --acoustic-scale=1.
        Transition-id = score column + 1, or 0 in a word lattice whose columns are not known.
      specifier: `x.ark`, `x.ark.gz`, `ark:x`, `ark,t:x` for text, `ark,scp:x.ark,x.scp`; `ark:-` is standard output.

    Raises:
      LatticeError: no lattice, an utterance that can be no key, or a specifier that names no file.
    """
    target = parse_write(specifier)
    with ExitStack() as files:
        # Files are put in place last first: a script never stands without its archive.
        script = files.enter_context(writing(target.script)) if target.script else None
        archive = files.enter_context(writing(str(target.archive)))
        count = place = 0
        for lattice in lattices:
            count += 1
            key = key_bytes(lattice.utterance)
            place += archive.write(key)
            if script:
                script.write(key + f"{target.archive}:{place}\n".encode())
            place += write_record(lattice, archive, target.text)
        if not count:
            raise LatticeError(f"write_lattices: no lattice for {specifier!r}")
    return count


def _read_archive(path: str, names: KaldiNames) -> Iterator[ScoredPaths]:
    with byte_stream(path) as data:
        yield from read_records(data, names)


def _read_script(path: str, names: KaldiNames) -> Iterator[ScoredPaths]:
    return (read_entry(entry, names) for entry in read_script(path))


KALDI = LatticeFormat(
    "Kaldi archive",
    (".ark", ".scp"),
    read_kaldi,
    write_kaldi,
    "names of labels, frame shift, column flags, arc flags and graph arcs, parts of graph scores, reached_final, flags "
    "and evidence; frames behind the one where a search died",
    prefixes=PREFIXES,
)
