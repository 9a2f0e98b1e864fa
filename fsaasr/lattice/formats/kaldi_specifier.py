"""Kaldi's names of tables: `ark:x.ark`, `ark,t:x.txt`, `scp:x.scp`, `ark,scp:x.ark,x.scp`, or a plain file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from fsaasr.core.errors import LatticeError

PREFIXES = ("ark:", "ark,", "scp:", "scp,")
# Promises of order, or hints of memory: they change nothing here. `p`, to pass over what is broken, is no such hint.
_READ_OPTIONS = {"t", "b", "o", "no", "s", "ns", "cs", "ncs", "bg"}
_WRITE_OPTIONS = {"t", "b", "f", "nf"}
_PACKED = ".gz"


@dataclass(frozen=True)
class Specifier:
    """What a specifier names.

    Attributes:
      archive: file of the lattices, where it is named.
      script: file that says where each lattice is, where it is named.
      text: whether to write text.
    """

    archive: Optional[str]
    script: Optional[str]
    text: bool = False


def parse_read(specifier: str) -> Specifier:
    """What is to be read.

    Raises:
      LatticeError: an unknown option, a pipe, or no file.
    """
    kinds, files = _split(specifier, _READ_OPTIONS)
    if len(kinds) != 1 or len(files) != 1:
        raise _error(specifier, "expected one of ark: and scp:, with one file")
    return Specifier(files[0], None) if kinds == ("ark",) else Specifier(None, files[0])


def parse_write(specifier: str) -> Specifier:
    """What is to be written.

    Raises:
      LatticeError: an unknown option, a pipe, no file, a script file alone, or one of a packed archive.
    """
    kinds, files = _split(specifier, _WRITE_OPTIONS)
    if kinds == ("ark",) and len(files) == 1:
        return Specifier(files[0], None, _has_option(specifier, "t"))
    if kinds != ("ark", "scp") or len(files) != 2:
        raise _error(specifier, "expected ark:FILE, or ark,scp:FILE,FILE")
    if files[0].endswith(_PACKED):
        raise _error(specifier, "a packed archive cannot be entered in the middle, so it has no scp; leave out .gz")
    return Specifier(files[0], files[1], _has_option(specifier, "t"))


def _split(specifier: str, allowed: set[str]) -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
    """The kinds, ark or scp, and the files; one more than there are kinds is an error of the caller's."""
    if not specifier.startswith(PREFIXES):
        kinds: Tuple[str, ...] = ("scp",) if specifier.lower().endswith(".scp") else ("ark",)
        files: Tuple[str, ...] = (specifier,)
    else:
        names, _, rest = specifier.partition(":")
        options = names.split(",")
        kinds = tuple(name for name in options if name in ("ark", "scp"))
        unknown = [name for name in options if name not in ("ark", "scp") and name not in allowed]
        if unknown:
            raise _error(specifier, f"option {unknown[0]!r} is not among {', '.join(sorted(allowed))}")
        files = tuple(name.strip() for name in rest.split(",")) if len(kinds) == 2 else (rest.strip(),)
    if not all(files) or any(name.startswith("|") or name.endswith("|") for name in files):
        raise _error(specifier, "expected the name of a file; commands are not run, but .gz is unpacked by itself")
    return kinds, files


def _has_option(specifier: str, option: str) -> bool:
    return specifier.startswith(PREFIXES) and option in specifier.partition(":")[0].split(",")


def _error(specifier: str, problem: str) -> LatticeError:
    return LatticeError(f"Kaldi specifier {specifier!r}: {problem}")
