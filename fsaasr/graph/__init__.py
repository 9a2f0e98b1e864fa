"""Graphs: topologies, lexicons and grammars composed into what a decoder searches."""

from fsaasr.graph.acceptors import linear_acceptor, word_choice, word_loop
from fsaasr.graph.build_report import BuildReport, BuildStep
from fsaasr.graph.cache import compile_cached, graph_key
from fsaasr.graph.chain import ChainTopology, chain_topology
from fsaasr.graph.compile import CompileOptions, compile_graph, compile_token_graph
from fsaasr.graph.context_tree import ContextTree, parse_context_tree
from fsaasr.graph.decoding_graph import NON_WORD, TOKEN_START, WORD_START, DecodingGraph
from fsaasr.graph.determinize import Budget, determinize, minimize
from fsaasr.graph.draw import draw_dot, draw_svg, write_drawing
from fsaasr.graph.foreign import read_icefall_graph, read_icefall_lg, read_kaldi_graph
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.k2_graph import k2_to_decoding_graph, to_k2, to_k2_fsa
from fsaasr.graph.lexicon_fst import LexiconFst, lexicon_fst
from fsaasr.graph.load import Graph, load_graph
from fsaasr.graph.moves import NO_MOVE, Moves, moves
from fsaasr.graph.ngram_fst import NgramFst, fst_ngram, ngram_fst
from fsaasr.graph.openfst import from_openfst, to_openfst
from fsaasr.graph.slots import SlotGraph, SlotWords, compile_slot_graph, slot_words
from fsaasr.graph.text import graph_from_text, graph_to_text
from fsaasr.graph.token_graph import TokenGraph
from fsaasr.graph.token_loop import token_loop
from fsaasr.graph.topologies import TOPOLOGIES, find_topology
from fsaasr.graph.topology import Columns, TokenArcs, Topology, TopologyArc
from fsaasr.graph.topology_fst import topology_fst
from fsaasr.graph.topology_text import parse_topology
from fsaasr.graph.transcript import TranscriptCompiler
from fsaasr.graph.unknown_word import UnknownWord, unknown_word

__all__ = [
    "NON_WORD",
    "NO_MOVE",
    "TOKEN_START",
    "TOPOLOGIES",
    "WORD_START",
    "Budget",
    "BuildReport",
    "BuildStep",
    "ChainTopology",
    "Columns",
    "CompileOptions",
    "ContextTree",
    "DecodingGraph",
    "FstArrays",
    "Graph",
    "LexiconFst",
    "Moves",
    "NgramFst",
    "SlotGraph",
    "SlotWords",
    "TokenArcs",
    "TokenGraph",
    "Topology",
    "TopologyArc",
    "TranscriptCompiler",
    "UnknownWord",
    "chain_topology",
    "compile_cached",
    "compile_graph",
    "compile_slot_graph",
    "compile_token_graph",
    "determinize",
    "draw_dot",
    "draw_svg",
    "find_topology",
    "from_openfst",
    "fst_ngram",
    "graph_from_text",
    "graph_key",
    "graph_to_text",
    "k2_to_decoding_graph",
    "lexicon_fst",
    "linear_acceptor",
    "load_graph",
    "minimize",
    "moves",
    "ngram_fst",
    "parse_context_tree",
    "parse_topology",
    "read_icefall_graph",
    "read_icefall_lg",
    "read_kaldi_graph",
    "slot_words",
    "to_k2",
    "to_k2_fsa",
    "to_openfst",
    "token_loop",
    "topology_fst",
    "unknown_word",
    "word_choice",
    "word_loop",
    "write_drawing",
]
