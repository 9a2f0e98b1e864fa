"""Transition-ids of Kaldi's HMMs: which pdf, and so which score column, each of them stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Set

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import FileFormatError, GraphError
from fsaasr.core.files import PathLike
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.foreign.columns import ForeignColumns, plain_columns

_STATE = re.compile(
    r"Transition-state \d+: phone = (\S+) hmm-state = (\d+) (?:pdf = (\d+)|forward-pdf = (\d+) self-loop-pdf = (\d+))"
)
_TRANSITION = re.compile(r"Transition-id = (\d+) p = \S+.*\[(self-loop|\d+ -> \d+)\]")


@dataclass(frozen=True, eq=False)
class TransitionColumns:
    """What is known of a model's transition-ids.

    Attributes:
      column: int32 (1 + number of transition-ids,): the score column (pdf) of each; entry 0 is not used.
      columns: names and phones of the columns; a pdf that several phones share has none.
    """

    column: npt.NDArray[np.int32]
    columns: ForeignColumns

    @classmethod
    def of_pdfs(cls, pdfs: npt.ArrayLike) -> TransitionColumns:
        """From the pdf of each transition-id; entry 0 is not used."""
        column = np.asarray(pdfs)
        if column.ndim != 1 or len(column) < 2 or column.dtype.kind not in "iu" or column[1:].min() < 0:
            raise GraphError(
                "TransitionColumns: expected an int array of one axis with the pdf (>= 0) of each transition-id, from "
                f"entry 1 on; found {column.dtype} {column.shape}"
            )
        if column.max() >= 1 << 24:
            raise GraphError(f"TransitionColumns: pdf {column.max()} is beyond any model; check the array")
        return cls(column.astype(np.int32), plain_columns(int(column[1:].max()) + 1))

    def columns_of(self, input_label: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Input labels that are transition-ids as columns + 1; 0 stays epsilon."""
        top = int(input_label.max(initial=0))
        if top >= len(self.column):
            raise GraphError(f"input label {top} is beyond the {len(self.column) - 1} transition-ids")
        labels = self.column + np.int32(1)
        labels[0] = 0
        return labels[input_label]


def read_transitions(path: PathLike) -> TransitionColumns:
    """Reads which pdf each transition-id has.

    Args:
      path: the output of Kaldi's `show-transitions phones.txt final.mdl`, which also names the phones; or integers
        between white space, perhaps in Kaldi's brackets `[ ]`: entry 0 (any value), then the pdf of each
        transition-id from 1 on.

    Raises:
      FileFormatError: neither of them, or transition-ids with gaps; names the line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(path, None, f"cannot be read as UTF-8 text: {error}") from error
    if text.startswith("Transition-state"):
        return _shown(path, text.splitlines())
    fields = text.replace("[", " ").replace("]", " ").split()
    try:
        return TransitionColumns.of_pdfs(np.array([int(field) for field in fields], dtype=np.int64))
    except (ValueError, OverflowError, GraphError) as error:
        raise FileFormatError(path, None, f"{error}; expected integers, or the output of show-transitions") from error


def _shown(path: PathLike, lines: List[str]) -> TransitionColumns:
    """What `show-transitions` printed: a line for each transition-state, and below it one for each transition-id."""
    column: List[int] = [0]
    phones: Dict[int, Set[str]] = {}
    state = None
    for number, line in enumerate(lines, 1):
        state = _STATE.match(line) or state
        transition = _TRANSITION.search(line)
        if transition is None:
            continue
        if state is None or int(transition[1]) != len(column):
            raise FileFormatError(path, number, f"found transition-id {transition[1]}, expected {len(column)}")
        is_loop = transition[2] == "self-loop"
        pdf = int(state[3] or state[5 if is_loop else 4])
        column.append(pdf)
        phones.setdefault(pdf, set()).add(state[1])
    table = TransitionColumns.of_pdfs(column)
    alone = {pdf: next(iter(names)) for pdf, names in phones.items() if len(names) == 1}
    tokens = SymbolTable(dict.fromkeys(alone[pdf] for pdf in sorted(alone)))
    token = np.array([tokens[alone[pdf]] if pdf in alone else 0 for pdf in range(len(table.columns.names))], np.int32)
    return TransitionColumns(table.column, ForeignColumns(tokens, table.columns.names, token))
