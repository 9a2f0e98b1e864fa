"""The words of HTK's Standard Lattice Format: `name=value` fields, quotes and escapes, names of columns."""

from __future__ import annotations

import re
from typing import List, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.symbols import BLANK, SymbolTable

NULL = "!NULL"
"""The word that is none."""
_FIELD = re.compile(r"""\s*([A-Za-z][A-Za-z0-9_]*)=("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:[^\s\\]|\\.)*)(?=\s|$)""")
_ESCAPE = re.compile(rb"\\(0?[0-3][0-7]{2}|.)", re.DOTALL)


def fields_of(line: str) -> List[Tuple[str, str]]:
    """The fields of a line; ValueError where it has anything else."""
    if '"' not in line and "'" not in line and "\\" not in line:
        parts = [part.partition("=") for part in line.split()]
        if all(name and equals for name, equals, _ in parts):
            return [(name, value) for name, _, value in parts]
    found, place = [], 0
    while place < len(line.rstrip()):
        match = _FIELD.match(line, place)
        if match is None:
            raise ValueError(f"found {line[place : place + 40].strip()!r}, expected fields `name=value`")
        found.append((match[1], unescaped(match[2])))
        place = match.end()
    return found


def unescaped(value: str) -> str:
    r"""A value without its quotes; `\303` is a byte in octal (SRILM writes `\0303`), any other `\x` is x itself."""
    if len(value) >= 2 and value[0] in "\"'" and value[-1] == value[0]:
        value = value[1:-1]
    if "\\" not in value:
        return value
    return _ESCAPE.sub(lambda m: bytes([int(m[1], 8)]) if len(m[1]) > 1 else m[1], value.encode()).decode("utf-8")


def escaped(name: str) -> str:
    r"""A name as a value: `\` and a quote at the beginning get a `\` before them; with white space it is quoted."""
    name = name.replace("\\", "\\\\")
    if any(character.isspace() for character in name):
        return '"' + name.replace('"', '\\"') + '"'
    return "\\" + name if name[:1] in ("'", '"') else name


def column_names(tokens: SymbolTable, column_token: npt.NDArray[np.int32]) -> List[str]:
    """Names of columns: that of the token, numbered from 1 (`AH.2`) where a token has several; blank has no token.

    Where that does not tell all columns apart, or would break a list of segments, they are called by their numbers.
    """
    count = np.bincount(column_token, minlength=len(tokens))
    seen = [0] * len(tokens)
    names = []
    for token in column_token.tolist():
        seen[token] += 1
        name = tokens.name(token) if token else BLANK
        names.append(f"{name}.{seen[token]}" if count[token] > 1 else name)
    if len(set(names)) < len(names) or any(mark in name for name in names for mark in ":,\\\"'"):
        return [f"c{column}" for column in range(len(names))]
    return names
