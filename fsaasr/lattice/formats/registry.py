"""`LatticeFormat`: how lattices of one kind of file are read and written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Callable, Iterable, Iterator, Optional, Tuple

from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.scored_paths import ScoredPaths

Reader = Callable[[str, Optional[LatticeSymbols]], Iterator[ScoredPaths]]
Writer = Callable[[Iterable[ScoredPaths], str], int]
GZ = ".gz"


@dataclass(frozen=True)
class LatticeFormat:
    """One format of lattice files.

    Attributes:
      name: what people call it.
      suffixes: of file names, with the dot, lower case; `.gz` may follow each.
      read: gives the lattices of a file, one at a time. Symbols are None where the caller has none.
      write: writes lattices to a file, whole or not at all, one at a time; returns their number.
      loses: what a lattice does not keep in such a file, as part of a sentence; empty if nothing.
      one_per_file: a file holds exactly one lattice. `read` then gives one, `write` is given one; many lattices are
        many files, named by a pattern.
      prefixes: by which other names than those of files are known, such as Kaldi's `ark:`.
    """

    name: str
    suffixes: Tuple[str, ...]
    read: Reader
    write: Writer
    loses: str
    one_per_file: bool = False
    prefixes: Tuple[str, ...] = ()

    def claims(self, name: str) -> bool:
        """Whether this is the format of a file of that name."""
        bare = name[: -len(GZ)] if name.endswith(GZ) else name
        return name.startswith(self.prefixes) or bare.lower().endswith(self.suffixes)

    def stem(self, name: str) -> str:
        """The file's name without folder and suffixes: the utterance, in files that do not name it."""
        base = PurePath(name).name
        bare = base[: -len(GZ)] if base.endswith(GZ) else base
        return next((bare[: -len(suffix)] for suffix in self.suffixes if bare.lower().endswith(suffix)), bare)
