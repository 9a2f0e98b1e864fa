"""Graphs of one utterance's words, for training and alignment."""

from __future__ import annotations

from typing import Dict, Optional, Sequence, Tuple, Union

import pynini

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.acceptors import linear_acceptor
from fsaasr.graph.build_report import BuildReport
from fsaasr.graph.compile import CompileOptions, Transitions, attach_topology, compose_lexicon
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.expand import compose_topology, spell
from fsaasr.graph.lexicon_fst import lexicon_fst
from fsaasr.graph.topologies import find_topology
from fsaasr.graph.topology import Topology
from fsaasr.lexicon import Lexicon


class TranscriptCompiler:
    """Compiles the graphs of many transcripts with one lexicon and topology.

    A graph accepts every pronunciation of the words, with optional silence around them if the lexicon
    has it. Graphs of equal transcripts are built once.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        topology: Union[str, Topology],
        tokens: Optional[SymbolTable] = None,
        transitions: Optional[Transitions] = None,
    ) -> None:
        """Args are those of `compile_graph`."""
        self._lexicon = lexicon
        self._tokens = tokens or lexicon.tokens
        self._lex = lexicon_fst(lexicon, self._tokens)
        self._topology = find_topology(topology)
        self._transitions = transitions
        self._spelled = spell(self._topology, self._tokens, transitions, self._lex.labels)
        self._options = CompileOptions(minimize=False)
        self._graphs: Dict[Tuple[str, ...], DecodingGraph] = {}

    def compile(self, words: Sequence[str], utterance: str = "") -> DecodingGraph:
        """The graph of one transcript.

        Raises:
          GraphError: no words, or words that the lexicon lacks; names them and the utterance.
        """
        key = tuple(words)
        if key not in self._graphs:
            self._graphs[key] = self._build(key, utterance)
        return self._graphs[key]

    def _build(self, words: Tuple[str, ...], utterance: str) -> DecodingGraph:
        where = f"utterance {utterance!r}" if utterance else "transcript"
        unknown = sorted({word for word in words if word not in self._lexicon})
        if unknown or not words:
            found = f"words that the lexicon lacks: {', '.join(unknown)}" if unknown else "no words"
            raise GraphError(f"TranscriptCompiler: {where} has {found}; add pronunciations or leave the utterance out")
        table = self._lexicon.words
        language: pynini.Fst = linear_acceptor([table[word] for word in words])
        report = BuildReport()
        lg = compose_lexicon(self._lex, language, self._tokens, self._options, report)
        graph = attach_topology(lg, self._lex, self._topology, self._tokens, self._transitions, report)
        return compose_topology(graph, self._spelled)
