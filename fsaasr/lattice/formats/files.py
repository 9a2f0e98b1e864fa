"""The door to lattice files of every format: a file's name tells how it is read and written."""

from __future__ import annotations

from glob import glob
from itertools import islice
from pathlib import Path
from typing import Iterable, Iterator, List, Optional, Tuple

from fsaasr.core.errors import LatticeError
from fsaasr.core.files import PathLike
from fsaasr.lattice.formats.json_lines import JSON_LINES
from fsaasr.lattice.formats.k2_file import K2_FILE
from fsaasr.lattice.formats.kaldi import KALDI
from fsaasr.lattice.formats.openfst_lattice import OPENFST
from fsaasr.lattice.formats.registry import LatticeFormat
from fsaasr.lattice.formats.slf import SLF
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.scored_paths import ScoredPaths

FORMATS: Tuple[LatticeFormat, ...] = (JSON_LINES, KALDI, SLF, K2_FILE, OPENFST)
"""All formats; the first that claims a file's name has it."""


def format_of(path: PathLike) -> LatticeFormat:
    """The format of a file, by its name.

    Raises:
      LatticeError: no format has such names.
    """
    # A specifier such as ark:x.slf is Kaldi's, whatever its file is called.
    for form in sorted(FORMATS, key=lambda form: not str(path).startswith(form.prefixes)):
        if form.claims(str(path)):
            return form
    known = ", ".join(f"{form.name} ({' '.join(form.prefixes + form.suffixes)})" for form in FORMATS)
    raise LatticeError(f"no lattice format has names like {str(path)!r}; there are {known}, each with .gz or without")


def is_lattice_file(path: PathLike) -> bool:
    """Whether a file's name is one of a lattice file, or it is a folder, which may hold some."""
    return Path(path).is_dir() or any(form.claims(str(path)) for form in FORMATS)


def read_lattices(path: PathLike, symbols: Optional[LatticeSymbols] = None) -> Iterator[ScoredPaths]:
    """The lattices of a file or of several, one at a time, in constant memory.

    Args:
      path: a file, a pattern of files such as `lattices/*.slf.gz`, a folder of files with one lattice each, or one of
        Kaldi's specifiers, `ark:lat.1.gz` or `scp:lat.scp`. Files of a pattern or folder come in the order of their
        names.
      symbols: names of labels, for files that have numbers only; without, labels are named by their numbers.

    Raises:
      LatticeError: at once where no format has such names, or no file fits.
      LatticeFileError: on the way, where a file is malformed; it names the file and the byte or line.
    """
    sources = [(form, name) for name in _expanded(str(path)) for form in (format_of(name),)]
    return (lattice for form, name in sources for lattice in form.read(name, symbols))


def write_lattices(lattices: Iterable[ScoredPaths], path: PathLike) -> int:
    """Writes lattices as they come, in constant memory, and returns their number.

    Args:
      lattices: any lattices. What the format has no place for is left out; `format_of(path).loses` says what.
      path: a file, or one of Kaldi's specifiers: `ark:x.ark`, `ark,t:x.txt` for text, `ark,scp:x.ark,x.scp`. In formats
        with one lattice a file, `*` stands for the utterance: `lattices/*.slf.gz`.

    Raises:
      LatticeError: no format has such names; several lattices for a file of one; an utterance that names no file.

    A file is written whole or not at all; with a pattern, each of them.
    """
    form = format_of(path)
    if form.one_per_file:
        return _write_each(lattices, form, str(path))
    return form.write(lattices, str(path))


def _expanded(path: str) -> List[str]:
    if any(path.startswith(form.prefixes) for form in FORMATS if form.prefixes):
        return [path]
    if Path(path).is_dir():
        single = [form for form in FORMATS if form.one_per_file]
        names = sorted(str(file) for file in Path(path).iterdir() if any(form.claims(file.name) for form in single))
    elif "*" in path and not Path(path).exists():
        names = sorted(glob(path))
    else:
        return [path]
    if not names:
        raise LatticeError(f"read_lattices: no lattice file fits {path!r}")
    return names


def _write_each(lattices: Iterable[ScoredPaths], form: LatticeFormat, path: str) -> int:
    if "*" not in path:
        first = list(islice(lattices, 2))
        if len(first) != 1:
            raise LatticeError(
                f"write_lattices: {path!r} holds exactly one lattice, {'no' if not first else 'several'} were given; "
                "let * stand for the utterance, or write an archive"
            )
        return form.write(first, path)
    count = 0
    for lattice in lattices:
        name = lattice.utterance
        if not name or name.startswith(".") or Path(name).name != name:
            raise LatticeError(f"write_lattices: utterance {name!r} cannot name a file; write an archive")
        count += form.write([lattice], path.replace("*", name))
    if not count:
        raise LatticeError(f"write_lattices: no lattice for {path!r}")
    return count
