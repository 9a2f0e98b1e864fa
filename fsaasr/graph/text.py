"""Decoding graphs as text, for reading, for version control and for tests.

    topology ctc
    columns  <blk> a b          names of the score columns
    of       <eps> a b          token of each column
    tokens   a b
    words    ab ba
    start    0
    0 1 a ab -0.5 tw            source, target, column, word, score, flags
    1 -0.25                     a final state and its score

Flags: `t` first frame of a token, `w` of a word, `n` of a token outside of words, `-` none; a graph without
flags leaves the field out. Scores are written so that they read back exactly.
"""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import FileFormatError, SymbolError
from fsaasr.core.symbols import EPSILON, SymbolTable
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.fst_arrays import FstArrays

_LETTERS = "twn"
_HEADS = ("topology", "columns", "of", "tokens", "words", "start")


def graph_to_text(graph: DecodingGraph) -> str:
    """The graph as text; `graph_from_text` reads it back exactly."""
    fst, inputs = graph.fst, (EPSILON, *graph.column_names)
    lines = [
        f"topology {graph.topology or '-'}",
        " ".join(["columns", *graph.column_names]),
        " ".join(["of", *(graph.tokens.name(int(token)) for token in graph.column_token)]),
        " ".join(["tokens", *graph.tokens.names[1:]]),
        " ".join(["words", *graph.words.names[1:]]),
        f"start {fst.start}",
    ]
    for arc, source in enumerate(fst.source_state.tolist()):
        fields = [
            str(source),
            str(fst.next_state[arc]),
            inputs[fst.input_label[arc]],
            graph.words.name(int(fst.output_label[arc])),
            _number(fst.score[arc]),
        ]
        if graph.arc_flags is not None:
            fields.append(flag_letters(int(graph.arc_flags[arc])) or "-")
        lines.append(" ".join(fields))
    finals = np.flatnonzero(fst.final_score > -np.inf)
    lines += [f"{state} {_number(fst.final_score[state])}" for state in finals]
    return "\n".join(lines) + "\n"


def flag_letters(flags: int) -> str:
    """Arc flags as letters, `tw` for the first frame of a token and of a word."""
    return "".join(letter for bit, letter in enumerate(_LETTERS) if flags >> bit & 1)


def _number(score: np.float32) -> str:
    return np.format_float_positional(score, trim="-") if np.isfinite(score) else str(score)


def graph_from_text(text: str, source: str = "<text>") -> DecodingGraph:
    """Reads what `graph_to_text` wrote; blank lines and `#` comments are allowed.

    Raises:
      FileFormatError: a missing head line, an unknown symbol or a malformed line; names the line.
    """
    rows = [(n, line.split()) for n, line in enumerate(text.splitlines(), 1)]
    rows = [(n, fields) for n, fields in rows if fields and not fields[0].startswith("#")]
    head: Dict[str, List[str]] = {fields[0]: fields[1:] for _, fields in rows if fields[0] in _HEADS}
    for name in _HEADS:
        if name not in head:
            raise FileFormatError(source, None, f"no line begins with `{name}`")
    tokens, words = SymbolTable(head["tokens"]), SymbolTable(head["words"])
    inputs = SymbolTable(head["columns"])
    table = _Rows()
    for n, fields in rows:
        if fields[0] in _HEADS:
            continue
        try:
            table.add(fields, inputs, words)
        except (ValueError, SymbolError) as error:
            raise FileFormatError(
                source, n, f"{error}; expected `source target column word score [flags]` or `state score`"
            ) from error
    fst, flags = table.arrays(int(head["start"][0]))
    return DecodingGraph(
        fst,
        words,
        tokens,
        np.array([tokens[name] for name in head["of"]], dtype=np.int32),
        tuple(head["columns"]),
        flags,
        "" if head["topology"] == ["-"] else head["topology"][0],
    )


class _Rows:
    """Arcs and final states as they are read."""

    def __init__(self) -> None:
        self.arcs: List[Tuple[int, int, int, int, float]] = []
        self.flags: List[int] = []
        self.finals: List[Tuple[int, float]] = []

    def add(self, fields: List[str], inputs: SymbolTable, words: SymbolTable) -> None:
        if len(fields) == 2:
            self.finals.append((int(fields[0]), float(fields[1])))
            return
        if len(fields) not in (5, 6):
            raise ValueError(f"found {len(fields)} fields")
        self.arcs.append((int(fields[0]), int(fields[1]), inputs[fields[2]], words[fields[3]], float(fields[4])))
        if len(fields) == 6:
            self.flags.append(sum(1 << _LETTERS.index(letter) for letter in fields[5].replace("-", "")))

    def arrays(self, start: int) -> Tuple[FstArrays, Optional[npt.NDArray[np.uint8]]]:
        fst = FstArrays.from_arcs(self.arcs, self.finals, start)
        if not self.flags:
            return fst, None
        order = np.argsort([arc[0] for arc in self.arcs], kind="stable")
        return fst, np.array(self.flags, dtype=np.uint8)[order]
