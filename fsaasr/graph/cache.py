"""Graphs kept on disk under a hash of everything that went into them."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path
from typing import Optional, Union

from fsaasr.core.errors import FileFormatError
from fsaasr.core.files import PathLike, content_hash
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import NgramModel
from fsaasr.graph.compile import CompileOptions, Grammar, Transitions, compile_graph
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.openfst import from_openfst
from fsaasr.graph.topologies import find_topology
from fsaasr.graph.topology import Topology
from fsaasr.graph.unknown_word import UnknownWord
from fsaasr.lexicon import Lexicon

_VERSION = "2"
"""Raised whenever the same inputs would give another graph."""


def graph_key(
    lexicon: Lexicon,
    grammar: Grammar,
    topology: Union[str, Topology] = "ctc",
    *,
    tokens: Optional[SymbolTable] = None,
    transitions: Optional[Transitions] = None,
    unknown: Optional[UnknownWord] = None,
    options: CompileOptions = CompileOptions(),  # noqa: B008 (frozen)
) -> str:
    """Hash over the content of all inputs and options of `compile_graph`."""
    source = grammar.content_hash if isinstance(grammar, NgramModel) else from_openfst(grammar).to_bytes()
    return content_hash(
        _VERSION,
        lexicon.hash,
        source,
        repr(find_topology(topology)),
        "\n".join((tokens or lexicon.tokens).names),
        b"" if transitions is None else transitions.tobytes(),
        repr(astuple(options)),
        "" if unknown is None else unknown.hash,
    )


def compile_cached(
    cache_dir: PathLike,
    lexicon: Lexicon,
    grammar: Grammar,
    topology: Union[str, Topology] = "ctc",
    *,
    tokens: Optional[SymbolTable] = None,
    transitions: Optional[Transitions] = None,
    unknown: Optional[UnknownWord] = None,
    options: CompileOptions = CompileOptions(),  # noqa: B008 (frozen)
) -> DecodingGraph:
    """As `compile_graph`, but a graph built before from the same content is mapped from `cache_dir`.

    A damaged cache file is built anew.
    """
    key = graph_key(
        lexicon, grammar, topology, tokens=tokens, transitions=transitions, unknown=unknown, options=options
    )
    path = Path(cache_dir) / f"{find_topology(topology).name}-{key[:24]}.graph"
    if path.exists():
        try:
            return DecodingGraph.load(path)
        except FileFormatError:
            path.unlink()
    graph = compile_graph(
        lexicon, grammar, topology, tokens=tokens, transitions=transitions, unknown=unknown, options=options
    )
    graph.save(path)
    return DecodingGraph.load(path)
