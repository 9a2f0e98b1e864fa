"""Referees and toys for tests: they define what the engines must compute, and share no code with them.

The hypothesis strategies are in `fsaasr.testing.strategies`, which alone needs the hypothesis package.
"""

from fsaasr.testing.enumeration import (
    BestAndTotal,
    EnumeratedPath,
    best_and_total,
    enumerate_partial_paths,
    enumerate_paths,
)
from fsaasr.testing.fuzz import FuzzCase, fuzz_case
from fsaasr.testing.random_graphs import linear_ctc_flags, linear_ctc_fst, random_fst, random_matrix, toy_graph
from fsaasr.testing.random_lattices import WordPath, random_word_lattice, word_paths
from fsaasr.testing.random_trees import random_context_tree
from fsaasr.testing.reference import ExactResult, exact_search
from fsaasr.testing.toys import TOY_ARPA, TOY_LEXICON, TOY_LEXICON_WITH_PROBABILITIES
from fsaasr.testing.trellis import Trellis, best_score_of, search_trellis
from fsaasr.testing.words import edit_distance, word_lattice_of

__all__ = [
    "TOY_ARPA",
    "TOY_LEXICON",
    "TOY_LEXICON_WITH_PROBABILITIES",
    "BestAndTotal",
    "EnumeratedPath",
    "ExactResult",
    "FuzzCase",
    "Trellis",
    "WordPath",
    "best_and_total",
    "best_score_of",
    "edit_distance",
    "enumerate_partial_paths",
    "enumerate_paths",
    "exact_search",
    "fuzz_case",
    "linear_ctc_flags",
    "linear_ctc_fst",
    "random_context_tree",
    "random_fst",
    "random_matrix",
    "random_word_lattice",
    "search_trellis",
    "toy_graph",
    "word_lattice_of",
    "word_paths",
]
