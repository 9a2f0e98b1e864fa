"""Decoding graphs that other toolkits made."""

from fsaasr.graph.foreign.icefall_graph import read_icefall_graph, read_icefall_lg
from fsaasr.graph.foreign.kaldi_graph import read_kaldi_graph
from fsaasr.graph.foreign.openfst_file import read_openfst_file
from fsaasr.graph.foreign.transitions import TransitionColumns, read_transitions

__all__ = [
    "TransitionColumns",
    "read_icefall_graph",
    "read_icefall_lg",
    "read_kaldi_graph",
    "read_openfst_file",
    "read_transitions",
]
