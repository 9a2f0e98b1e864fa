"""What other toolkits' symbol files tell of labels and score columns."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple, Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import FileFormatError, SymbolError
from fsaasr.core.files import PathLike
from fsaasr.core.symbols import BLANK, EPSILON, SymbolTable

SymbolSource = Union[PathLike, SymbolTable]
"""A symbol table, or the file of one."""

BLANK_NAMES = (BLANK, "<blank>", "<b>", "<pad>")
"""What blank is called: by icefall, WeNet, EESEN, wav2vec 2.0."""
EPSILON_NAMES = (EPSILON, "<epsilon>")
"""What epsilon is called, and blank in icefall's phone models."""

_DISAMBIGUATION = re.compile(r"#\d+")


class ForeignColumns(NamedTuple):
    """Tokens, and the name and token of each of C score columns; blank, and a column of unknown token, have token 0."""

    tokens: SymbolTable
    names: Tuple[str, ...]
    token: npt.NDArray[np.int32]


def find_words(words: SymbolSource) -> SymbolTable:
    """The table itself, or that of a `words.txt`."""
    return words if isinstance(words, SymbolTable) else SymbolTable.read(words)


def plain_columns(num_columns: int) -> ForeignColumns:
    """Columns of which only the number is known, as with a Kaldi model's pdfs; they are named by their numbers."""
    names = tuple(str(column) for column in range(num_columns))
    return ForeignColumns(SymbolTable([]), names, np.zeros(num_columns, dtype=np.int32))


def read_columns(tokens: SymbolSource) -> ForeignColumns:
    """The score columns that a `tokens.txt` stands for; disambiguation symbols (`#0`) at its end stand for none.

    Args:
      tokens: lines `name label`. Blank is column 0: label 0 itself (icefall), or label 1 where label 0 is epsilon
        and blank comes next (WeNet, EESEN). A table, which has no blank: it is the column before all tokens.

    Raises:
      FileFormatError: a malformed line; labels with gaps; no blank at the beginning.
    """
    if isinstance(tokens, SymbolTable):
        return _columns([BLANK, *tokens.names[1:]])
    names = _labelled(tokens)
    if len(names) > 1 and names[0] in EPSILON_NAMES and names[1] in BLANK_NAMES:
        names = names[1:]
    while names and _DISAMBIGUATION.fullmatch(names[-1]):
        names.pop()
    if not names or names[0] not in (*BLANK_NAMES, *EPSILON_NAMES):
        found = repr(names[0]) if names else "nothing"
        raise FileFormatError(tokens, None, f"found {found} first, expected blank: {', '.join(BLANK_NAMES)} or epsilon")
    try:
        return _columns([BLANK, *names[1:]])
    except SymbolError as error:
        raise FileFormatError(tokens, None, str(error)) from error


def _columns(names: List[str]) -> ForeignColumns:
    return ForeignColumns(SymbolTable(names[1:]), tuple(names), np.arange(len(names), dtype=np.int32))


def _labelled(path: PathLike) -> List[str]:
    """Names by label, which run from 0 without gaps."""
    found: Dict[int, str] = {}
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(path, None, f"cannot be read as UTF-8 text: {error}") from error
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 2 or not fields[1].isdecimal() or int(fields[1]) in found:
            raise FileFormatError(path, number, f"found {line!r}, expected `token label`, each label once")
        found[int(fields[1])] = fields[0]
    if sorted(found) != list(range(len(found))):
        missing = min(set(range(len(found))) - set(found))
        raise FileFormatError(path, None, f"label {missing} is missing; labels must run from 0 without gaps")
    return [found[label] for label in range(len(found))]
