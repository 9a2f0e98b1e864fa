"""Evaluation: word and character errors, confidence intervals, and their tables as text."""

from fsaasr.evaluate.bootstrap import bootstrap_interval
from fsaasr.evaluate.error_report import ErrorCounts, ErrorReport, UtteranceErrors
from fsaasr.evaluate.scoring import character_errors, word_errors
from fsaasr.evaluate.stability import unstable_word_ratio
from fsaasr.evaluate.tables import alignment_table, error_table, utterance_table

__all__ = [
    "ErrorCounts",
    "ErrorReport",
    "UtteranceErrors",
    "alignment_table",
    "bootstrap_interval",
    "character_errors",
    "error_table",
    "unstable_word_ratio",
    "utterance_table",
    "word_errors",
]
