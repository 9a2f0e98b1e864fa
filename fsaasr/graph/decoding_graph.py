"""`DecodingGraph`: what every engine searches, and its file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Dict, Mapping, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError
from fsaasr.core.files import PathLike, content_hash
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.graph_file import GraphFile, MappedGraph, write_graph_file

TOKEN_START = 1
"""Flag of an arc that consumes the first frame of a token."""
WORD_START = 2
"""Flag of an arc that consumes the first frame of a word."""
NON_WORD = 4
"""Flag of an arc that consumes the first frame of a token outside of words (optional silence)."""

FORMAT = "fsaasr.DecodingGraph.1"
"""Name of the file format."""


@dataclass(frozen=True, eq=False)
class DecodingGraph(MappedGraph):
    """A transducer from score columns to words. Immutable; equal content has an equal `hash`.

    Attributes:
      fst: the arrays. Input label = score column + 1, output label = word; 0 is epsilon on both sides.
      words: names of the output labels.
      tokens: names of the tokens (phones, characters, pieces), without blank.
      column_token: int32 (C,): token label of each score column; 0 for blank.
      column_names: C names of the score columns, e.g. `<blk>`, `AH`, `AH.2`.
      arc_flags: uint8 (A,): TOKEN_START | WORD_START | NON_WORD bits, from which hypotheses get their times;
        None for a foreign graph, whose hypotheses then have words without exact times.
      topology: name of the topology, e.g. `ctc`.
    """

    fst: FstArrays
    words: SymbolTable
    tokens: SymbolTable
    column_token: npt.NDArray[np.int32]
    column_names: Tuple[str, ...]
    arc_flags: Optional[npt.NDArray[np.uint8]] = None
    topology: str = ""
    build: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.column_token) != len(self.column_names):
            raise GraphError(
                f"DecodingGraph: {len(self.column_token)} column tokens for {len(self.column_names)} column names"
            )
        if self.arc_flags is not None and self.arc_flags.shape != (self.fst.num_arcs,):
            raise GraphError(f"DecodingGraph: {self.arc_flags.shape} arc flags for {self.fst.num_arcs} arcs")

    @property
    def topology_name(self) -> str:
        """`topology`; a TokenGraph has it, too."""
        return self.topology

    @property
    def num_columns(self) -> int:
        """C: score columns that a matrix for this graph must have."""
        return len(self.column_names)

    @cached_property
    def hash(self) -> str:
        """Hash of everything but `build` (how the graph came about)."""
        flags = b"" if self.arc_flags is None else self.arc_flags.tobytes()
        return content_hash(json.dumps(self._meta(), sort_keys=True), self.fst.to_bytes(), flags)

    def check(self) -> None:
        """Raises GraphError where the arrays, labels and symbol tables do not fit one another."""
        self.fst.check(self.num_columns)
        if self.fst.num_arcs and int(self.fst.output_label.max()) >= len(self.words):
            raise GraphError(
                f"DecodingGraph: output label {int(self.fst.output_label.max())} beyond the {len(self.words)} words"
            )
        outside = (self.column_token < 0) | (self.column_token >= len(self.tokens))
        if outside.any():
            column = int(np.argmax(outside))
            raise GraphError(
                f"DecodingGraph: column {column} has token {self.column_token[column]}; that lies beyond the "
                f"{len(self.tokens)} tokens, epsilon among them"
            )
        if self.arc_flags is not None and self.arc_flags.dtype != np.uint8:
            raise GraphError(f"DecodingGraph: arc_flags are {self.arc_flags.dtype}, expected uint8")

    def _meta(self) -> Dict[str, Any]:
        return {
            "format": FORMAT,
            "start": self.fst.start,
            "words": self.words.names,
            "tokens": self.tokens.names,
            "column_token": self.column_token.tolist(),
            "column_names": self.column_names,
            "topology": self.topology,
        }

    def save(self, path: PathLike) -> None:
        """Writes one file in the safetensors layout, atomically; `load` maps it without reading it whole."""
        write_graph_file(path, self.fst, {"arc_flags": self.arc_flags}, self._meta(), self.build)

    @classmethod
    def from_file(cls, file: GraphFile) -> DecodingGraph:
        """The graph in a mapped file; raises FileFormatError where it is of another kind."""
        file.expect(FORMAT)
        graph = cls(
            file.fst,
            SymbolTable(file.value("words")),
            SymbolTable(file.value("tokens")),
            np.array(file.value("column_token"), dtype=np.int32),
            tuple(file.value("column_names")),
            file.arrays.get("arc_flags"),
            file.value("topology"),
            file.build,
        )
        graph._set_origin(file.origin)
        return graph

    def expand(self) -> DecodingGraph:
        """The graph itself: its topology is spelled out already. See `TokenGraph.expand`."""
        return self
