"""Lattices: the paths that a search kept, and what can be asked of them."""

from fsaasr.lattice.best import best_path
from fsaasr.lattice.build import KeptArcs, Utterance, lattice_from_arcs
from fsaasr.lattice.check import check
from fsaasr.lattice.determinize import word_lattice
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.lm_replacement import Mixing
from fsaasr.lattice.lm_rescoring import rescore_lattice
from fsaasr.lattice.nbest import nbest
from fsaasr.lattice.prune import prune
from fsaasr.lattice.readout import PathArcs, read_out
from fsaasr.lattice.rescoring import Limits, rescore_ngram
from fsaasr.lattice.scored_paths import BUDGET_SPENT, FROM_FALLBACK, SEARCH_DIED, ScoredPaths
from fsaasr.lattice.scoring import arc_posteriors, total_score
from fsaasr.lattice.word_lattice import GraphParts, WordLattice
from fsaasr.lattice.word_lm import WordLm

__all__ = [
    "BUDGET_SPENT",
    "FROM_FALLBACK",
    "SEARCH_DIED",
    "GraphParts",
    "KeptArcs",
    "Lattice",
    "Limits",
    "Mixing",
    "PathArcs",
    "ScoredPaths",
    "Utterance",
    "WordLattice",
    "WordLm",
    "arc_posteriors",
    "best_path",
    "check",
    "lattice_from_arcs",
    "nbest",
    "prune",
    "read_out",
    "rescore_lattice",
    "rescore_ngram",
    "total_score",
    "word_lattice",
]
