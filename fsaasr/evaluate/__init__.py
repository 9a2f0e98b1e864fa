"""Evaluation: error rates, confidence intervals, significance, oracles of lattices, calibration, tables as text."""

from fsaasr.evaluate.bootstrap import bootstrap_interval
from fsaasr.evaluate.boundaries import BoundaryDifferences, BoundaryReport, boundary_report
from fsaasr.evaluate.calibration import CalibrationBin, CalibrationReport, JudgedWords, calibration, judge_words
from fsaasr.evaluate.edit_lattice import edit_distance_lattice
from fsaasr.evaluate.error_report import ErrorCounts, ErrorReport, UtteranceErrors
from fsaasr.evaluate.oracle import OracleResult, lattice_oracle, oracle_errors
from fsaasr.evaluate.scoring import character_errors, word_errors
from fsaasr.evaluate.seed_bootstrap import mean_interval
from fsaasr.evaluate.significance import (
    Comparison,
    MatchedPairs,
    PairedBootstrap,
    benjamini_hochberg,
    compare_systems,
    holm,
    matched_pairs,
    paired_bootstrap,
)
from fsaasr.evaluate.stability import unstable_word_ratio
from fsaasr.evaluate.tables import alignment_table, error_table, utterance_table
from fsaasr.evaluate.unknown_words import UnknownWordReport, unknown_word_report

__all__ = [
    "BoundaryDifferences",
    "BoundaryReport",
    "CalibrationBin",
    "CalibrationReport",
    "Comparison",
    "ErrorCounts",
    "ErrorReport",
    "JudgedWords",
    "MatchedPairs",
    "OracleResult",
    "PairedBootstrap",
    "UnknownWordReport",
    "UtteranceErrors",
    "alignment_table",
    "benjamini_hochberg",
    "bootstrap_interval",
    "boundary_report",
    "calibration",
    "character_errors",
    "compare_systems",
    "edit_distance_lattice",
    "error_table",
    "holm",
    "judge_words",
    "lattice_oracle",
    "matched_pairs",
    "mean_interval",
    "oracle_errors",
    "paired_bootstrap",
    "unknown_word_report",
    "unstable_word_ratio",
    "utterance_table",
    "word_errors",
]
