"""The native engines: exact search where it is cheap, else pruned search; both over the graph as it is."""

from __future__ import annotations

from typing import Optional

from fsaasr.core.hypothesis import Hypothesis
from fsaasr.decode.added_scores import AddedScores
from fsaasr.decode.beam import beam_best, beam_lattice
from fsaasr.decode.exact import exact_lattice
from fsaasr.decode.expanded import expanded
from fsaasr.decode.options import SearchOptions
from fsaasr.decode.search_graph import steps_by_itself
from fsaasr.graph import DecodingGraph, Graph
from fsaasr.lattice.build import Utterance
from fsaasr.lattice.lattice import Lattice

MAX_EXACT_CELLS = 1 << 19
"""Frames times states up to which `native` searches a DecodingGraph exactly: 4 MiB, some hundredths of a second."""


def native_lattice(
    graph: Graph, utterance: Utterance, options: SearchOptions, added: Optional[AddedScores] = None
) -> Lattice:
    """Searches one utterance, exactly if `native-exact` is asked for or the trellis is small; see the two engines.

    Where words have scores `added`, the search is pruned.
    """
    graph = _searchable(graph, options)
    if added is None and isinstance(graph, DecodingGraph) and _is_exact(graph, utterance, options):
        return exact_lattice(graph, utterance, options.lattice_beam)
    return beam_lattice(graph, utterance, options, added)


def native_best(
    graph: Graph, utterance: Utterance, options: SearchOptions, added: Optional[AddedScores] = None
) -> Hypothesis:
    """The best path of `native_lattice`."""
    graph = _searchable(graph, options)
    if added is None and isinstance(graph, DecodingGraph) and _is_exact(graph, utterance, options):
        return exact_lattice(graph, utterance, 0.0).best_path()
    return beam_best(graph, utterance, options, added)


def _searchable(graph: Graph, options: SearchOptions) -> Graph:
    """The graph as the engine takes it: pruned search steps through chain topologies by itself."""
    if options.engine != "native-exact" and steps_by_itself(graph):
        return graph
    return expanded(graph)


def _is_exact(graph: DecodingGraph, utterance: Utterance, options: SearchOptions) -> bool:
    cells = (len(utterance.matrix) + 1) * graph.fst.num_states
    return options.engine == "native-exact" or cells <= MAX_EXACT_CELLS
