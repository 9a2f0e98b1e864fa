"""Lattices: the paths that a search kept, and what can be asked of them."""

from fsaasr.lattice.best import best_path
from fsaasr.lattice.build import KeptArcs, Utterance, lattice_from_arcs
from fsaasr.lattice.check import check
from fsaasr.lattice.confidence import ConfidenceCalibration, with_confidence
from fsaasr.lattice.confusion_network import ConfusionNetwork
from fsaasr.lattice.determinize import word_lattice
from fsaasr.lattice.expected_counts import ExpectedCounts, expected_counts
from fsaasr.lattice.expected_errors import expected_word_errors
from fsaasr.lattice.frame_lattice import frame_lattice
from fsaasr.lattice.frame_shift import with_frame_shift
from fsaasr.lattice.graph_parts import GraphSplitter, split_graph_scores
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.lm_replacement import DoubleCountWarning, Mixing
from fsaasr.lattice.lm_rescoring import rescore_lattice
from fsaasr.lattice.mbr import MbrResult, mbr_decode
from fsaasr.lattice.minimize import minimized
from fsaasr.lattice.nbest import nbest
from fsaasr.lattice.nbest_list import NbestList, rescore_nbest
from fsaasr.lattice.posteriors import WordsByFrame, frame_posteriors, word_frame_posteriors
from fsaasr.lattice.prune import prune
from fsaasr.lattice.push import pushed
from fsaasr.lattice.readout import PathArcs, read_out
from fsaasr.lattice.rescoring import Limits, rescore_ngram
from fsaasr.lattice.sampling import sample_paths
from fsaasr.lattice.scale import PartScales, scaled, with_part_scales
from fsaasr.lattice.scored_paths import BUDGET_SPENT, FROM_FALLBACK, SEARCH_DIED, ScoredPaths
from fsaasr.lattice.scoring import arc_posteriors, total_score
from fsaasr.lattice.statistics import frame_depth, lattice_density, lattice_depth
from fsaasr.lattice.union import union
from fsaasr.lattice.word_lattice import GraphParts, WordLattice
from fsaasr.lattice.word_lm import WordLm

__all__ = [
    "BUDGET_SPENT",
    "FROM_FALLBACK",
    "SEARCH_DIED",
    "ConfidenceCalibration",
    "ConfusionNetwork",
    "DoubleCountWarning",
    "ExpectedCounts",
    "GraphParts",
    "GraphSplitter",
    "KeptArcs",
    "Lattice",
    "Limits",
    "MbrResult",
    "Mixing",
    "NbestList",
    "PartScales",
    "PathArcs",
    "ScoredPaths",
    "Utterance",
    "WordLattice",
    "WordLm",
    "WordsByFrame",
    "arc_posteriors",
    "best_path",
    "check",
    "expected_counts",
    "expected_word_errors",
    "frame_depth",
    "frame_lattice",
    "frame_posteriors",
    "lattice_density",
    "lattice_depth",
    "lattice_from_arcs",
    "mbr_decode",
    "minimized",
    "nbest",
    "prune",
    "pushed",
    "read_out",
    "rescore_lattice",
    "rescore_nbest",
    "rescore_ngram",
    "sample_paths",
    "scaled",
    "split_graph_scores",
    "total_score",
    "union",
    "with_confidence",
    "with_frame_shift",
    "with_part_scales",
    "word_frame_posteriors",
    "word_lattice",
]
