"""The native engines: exact search where it is cheap, else pruned search; both over the graph as it is."""

from __future__ import annotations

from fsaasr.decode.beam import beam_lattice
from fsaasr.decode.exact import exact_lattice
from fsaasr.decode.options import SearchOptions
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.lattice.build import Utterance
from fsaasr.lattice.lattice import Lattice

MAX_EXACT_CELLS = 1 << 22
"""Frames times states up to which `native` searches exactly: 32 MiB, and some hundredths of a second."""


def native_lattice(graph: DecodingGraph, utterance: Utterance, options: SearchOptions) -> Lattice:
    """Searches one utterance, exactly if `native-exact` is asked for or the trellis is small; see the two engines."""
    cells = (len(utterance.matrix) + 1) * graph.fst.num_states
    if options.engine == "native-exact" or cells <= MAX_EXACT_CELLS:
        return exact_lattice(graph, utterance, options.lattice_beam)
    return beam_lattice(graph, utterance, options)
