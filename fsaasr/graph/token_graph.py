"""`TokenGraph`: lexicon and grammar composed, the topology still apart from them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Dict, Mapping, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError
from fsaasr.core.files import PathLike, content_hash
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.chain import ChainTopology, chain_topology
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.expand import compose_topology
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.graph_file import GraphFile, MappedGraph, write_graph_file
from fsaasr.graph.token_labels import ROLES
from fsaasr.graph.topology import Columns, Topology
from fsaasr.graph.topology_fst import check_transitions
from fsaasr.graph.topology_text import parse_topology

FORMAT = "fsaasr.TokenGraph.1"
"""Name of the file format."""


@dataclass(frozen=True, eq=False)
class TokenGraph(MappedGraph):
    """min(det(L o G)): a transducer from tokens to words, with the topology that spells the tokens as columns.

    It stands for the graph that `expand` makes, and is several times smaller: a search may step through the
    topology by itself. Immutable; equal content has an equal `hash`.

    Attributes:
      fst: the arrays. Input label = token, output label = word; 0 is epsilon on both sides. At each state
        epsilons come first, then the arcs of each kind of `arc_flags` in the order of their tokens.
      arc_flags: uint8 (A,): flags of the first frame of an arc's token, TOKEN_START | WORD_START | NON_WORD
        bits; 0 where the input is epsilon. Flags and token together determine at most one arc of a state.
      words: names of the output labels.
      tokens: names of the V tokens, without blank.
      topology: how score columns spell tokens.
      transitions: float32 (C, W) log probabilities to stay in and to leave each column; None for 0.
      build: a BuildReport's values.
    """

    fst: FstArrays
    arc_flags: npt.NDArray[np.uint8]
    words: SymbolTable
    tokens: SymbolTable
    topology: Topology
    transitions: Optional[npt.NDArray[np.float32]] = None
    build: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.arc_flags.shape != (self.fst.num_arcs,):
            raise GraphError(f"TokenGraph: {self.arc_flags.shape} arc flags for {self.fst.num_arcs} arcs")
        check_transitions(self.topology, self.transitions, self.num_columns)

    @cached_property
    def columns(self) -> Columns:
        """Names and tokens of the score columns."""
        return self.topology.columns(self.tokens)

    @property
    def topology_name(self) -> str:
        """Name of the topology, e.g. `ctc`."""
        return self.topology.name

    @property
    def num_columns(self) -> int:
        """C: score columns that a matrix for this graph must have."""
        return len(self.columns.names)

    @property
    def column_token(self) -> npt.NDArray[np.int32]:
        """int32 (C,): token label of each score column; 0 for blank."""
        return self.columns.token

    @property
    def column_names(self) -> Tuple[str, ...]:
        """C names of the score columns, e.g. `<blk>`, `AH`, `AH.2`."""
        return self.columns.names

    @property
    def chain(self) -> Optional[ChainTopology]:
        """The topology as a chain, through which a search can step by itself; None if it is none: `expand` then."""
        return chain_topology(self.topology)

    @cached_property
    def hash(self) -> str:
        """Hash of everything but `build` (how the graph came about)."""
        transitions = b"" if self.transitions is None else self.transitions.tobytes()
        meta = json.dumps(self._meta(), sort_keys=True)
        return content_hash(meta, self.fst.to_bytes(), self.arc_flags.tobytes(), transitions)

    def check(self) -> None:
        """Raises GraphError where the arrays, labels, flags and symbol tables do not fit one another."""
        self.fst.check(len(self.tokens) - 1)
        if self.fst.num_arcs and int(self.fst.output_label.max()) >= len(self.words):
            raise GraphError(
                f"TokenGraph: output label {int(self.fst.output_label.max())} beyond the {len(self.words)} words"
            )
        wrong = np.where(self.fst.input_label == 0, self.arc_flags != 0, ~np.isin(self.arc_flags, ROLES))
        if wrong.any():
            arc = int(np.argmax(wrong))
            raise GraphError(
                f"TokenGraph: arc {arc} with input label {self.fst.input_label[arc]} has flags {self.arc_flags[arc]}; "
                f"expected 0 on an epsilon, one of {ROLES} on a token"
            )

    def weighted(self, scale: float, each_word: float) -> TokenGraph:
        """The graph with its scores times `scale` and `each_word` added for each word."""
        return replace(self, fst=self.fst.weighted(scale, each_word))

    def expand(self) -> DecodingGraph:
        """T o LG: the graph with its topology spelled out, as `compile_graph` makes it."""
        return compose_topology(self)

    def over_tokens(self) -> DecodingGraph:
        """The same transducer with a score column for each token and no topology; to draw it or write it as text."""
        columns = np.arange(1, len(self.tokens), dtype=np.int32)
        return DecodingGraph(self.fst, self.words, self.tokens, columns, self.tokens.names[1:], self.arc_flags)

    def _meta(self) -> Dict[str, Any]:
        return {
            "format": FORMAT,
            "start": self.fst.start,
            "words": self.words.names,
            "tokens": self.tokens.names,
            "topology": self.topology.name,
            "declaration": self.topology.to_text(),
        }

    def save(self, path: PathLike) -> None:
        """Writes one file in the safetensors layout, atomically; `load` maps it without reading it whole."""
        arrays = {"arc_flags": self.arc_flags, "transitions": self.transitions}
        write_graph_file(path, self.fst, arrays, self._meta(), self.build)

    @classmethod
    def from_file(cls, file: GraphFile) -> TokenGraph:
        """The graph in a mapped file; raises FileFormatError where it is of another kind."""
        file.expect(FORMAT)
        graph = cls(file.fst, file.value("arc_flags"), *cls.symbols_of(file), file.build)
        graph._set_origin(file.origin)
        return graph

    @staticmethod
    def symbols_of(file: GraphFile) -> Tuple[SymbolTable, SymbolTable, Topology, Optional[npt.NDArray[np.float32]]]:
        """Words, tokens, topology and transitions in a mapped file."""
        return (
            SymbolTable(file.value("words")),
            SymbolTable(file.value("tokens")),
            parse_topology(file.value("topology"), file.value("declaration")),
            file.arrays.get("transitions"),
        )
