"""Significance: whether a difference of error rates is more than the choice of the test set, or of the seed."""

from fsaasr.evaluate.significance.corrections import CORRECTIONS, Correction, benjamini_hochberg, holm
from fsaasr.evaluate.significance.matched_pairs import LEVEL, MatchedPairs, fewest_differing, matched_pairs
from fsaasr.evaluate.significance.paired_bootstrap import PairedBootstrap, paired_bootstrap
from fsaasr.evaluate.significance.pairwise import Comparison, compare_systems
from fsaasr.evaluate.significance.segments import Cut, segment_errors

__all__ = [
    "CORRECTIONS",
    "LEVEL",
    "Comparison",
    "Correction",
    "Cut",
    "MatchedPairs",
    "PairedBootstrap",
    "benjamini_hochberg",
    "compare_systems",
    "fewest_differing",
    "holm",
    "matched_pairs",
    "paired_bootstrap",
    "segment_errors",
]
