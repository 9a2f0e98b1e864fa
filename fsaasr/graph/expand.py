"""T o LG: a topology composed with the graph of the tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt
import pynini

from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.build_report import BuildReport
from fsaasr.graph.decoding_graph import NON_WORD, DecodingGraph
from fsaasr.graph.openfst import from_openfst, to_openfst
from fsaasr.graph.token_labels import TokenLabels, split_flags
from fsaasr.graph.topology import Topology
from fsaasr.graph.topology_fst import topology_fst

if TYPE_CHECKING:
    from fsaasr.graph.token_graph import TokenGraph


def spell(
    topology: Topology, tokens: SymbolTable, transitions: Optional[npt.NDArray[np.float32]], labels: TokenLabels
) -> pynini.Fst:
    """T, sorted for composition with L o G."""
    fst = to_openfst(topology_fst(topology, tokens, transitions, labels))
    fst.arcsort("olabel")
    return fst


def compose_topology(graph: TokenGraph, spelled: Optional[pynini.Fst] = None) -> DecodingGraph:
    """The decoding graph of a token graph, its arc flags split from its input labels.

    Args:
      spelled: T of the graph's topology, tokens and transitions, where it serves many graphs.
    """
    columns = graph.columns
    labels = _token_labels(graph)
    report = BuildReport.from_dict(graph.build)
    with report.step(f"T o LG ({graph.topology.name})") as done:
        t = spell(graph.topology, graph.tokens, graph.transitions, labels) if spelled is None else spelled
        lg = to_openfst(replace(graph.fst, input_label=labels.join(graph.fst.input_label, graph.arc_flags)))
        composed = pynini.compose(t, lg.arcsort("ilabel"))
        del lg
        done(composed)
    arrays = from_openfst(composed)
    del composed
    label, flags = split_flags(arrays.input_label, len(columns.names))
    return DecodingGraph(
        replace(arrays, input_label=label),
        graph.words,
        graph.tokens,
        columns.token,
        columns.names,
        flags,
        graph.topology.name,
        report.to_dict(),
    )


def _token_labels(graph: TokenGraph) -> TokenLabels:
    outside = graph.fst.input_label[(graph.arc_flags & NON_WORD) != 0]
    return TokenLabels(len(graph.tokens) - 1, tuple(np.unique(outside).tolist()))
