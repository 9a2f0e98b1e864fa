"""Lattices: the paths that a search kept, and what can be asked of them."""

from fsaasr.lattice.best import best_path
from fsaasr.lattice.build import KeptArcs, Utterance, lattice_from_arcs
from fsaasr.lattice.check import check
from fsaasr.lattice.expectation.expected_counts import ExpectedCounts, expected_counts
from fsaasr.lattice.expectation.posteriors import WordsByFrame, frame_posteriors, word_frame_posteriors
from fsaasr.lattice.expectation.sampling import sample_paths
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.nbest import nbest
from fsaasr.lattice.operations.frame_lattice import frame_lattice
from fsaasr.lattice.operations.frame_shift import with_frame_shift
from fsaasr.lattice.operations.minimize import minimized
from fsaasr.lattice.operations.push import pushed
from fsaasr.lattice.operations.scale import PartScales, scaled, with_part_scales
from fsaasr.lattice.operations.statistics import frame_depth, lattice_density, lattice_depth
from fsaasr.lattice.operations.union import union
from fsaasr.lattice.prune import prune
from fsaasr.lattice.readout import PathArcs, read_out
from fsaasr.lattice.rescoring.graph_parts import GraphSplitter, split_graph_scores
from fsaasr.lattice.rescoring.lm_replacement import DoubleCountWarning, Mixing
from fsaasr.lattice.rescoring.lm_rescoring import rescore_lattice
from fsaasr.lattice.rescoring.nbest_list import NbestList, rescore_nbest
from fsaasr.lattice.rescoring.ngram_rescoring import Limits, rescore_ngram
from fsaasr.lattice.rescoring.word_lm import WordLm
from fsaasr.lattice.risk.confidence import ConfidenceCalibration, with_confidence
from fsaasr.lattice.risk.confusion_network import ConfusionNetwork
from fsaasr.lattice.risk.expected_errors import expected_word_errors
from fsaasr.lattice.risk.mbr import MbrResult, mbr_decode
from fsaasr.lattice.scored_paths import BUDGET_SPENT, FROM_FALLBACK, SEARCH_DIED, ScoredPaths
from fsaasr.lattice.scoring import arc_posteriors, total_score
from fsaasr.lattice.word_lattice import GraphParts, WordLattice
from fsaasr.lattice.words.determinize import word_lattice

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
