"""Comparison of experiments: one table, tests of its differences, and a page."""

from fsaasr.recipe.comparison.differences import experiment_differences
from fsaasr.recipe.comparison.entries import Entry, EntrySet, read_entries, representatives
from fsaasr.recipe.comparison.lines import SystemLine
from fsaasr.recipe.comparison.page import PageOptions, comparison_page
from fsaasr.recipe.comparison.results import CompareOptions, Decidable, SetComparison, compare_experiments
from fsaasr.recipe.comparison.tables import csv_table, decidable_sentences, latex_table, markdown_table
from fsaasr.recipe.comparison.write import write_comparison

__all__ = [
    "CompareOptions",
    "Decidable",
    "Entry",
    "EntrySet",
    "PageOptions",
    "SetComparison",
    "SystemLine",
    "compare_experiments",
    "comparison_page",
    "csv_table",
    "decidable_sentences",
    "experiment_differences",
    "latex_table",
    "markdown_table",
    "read_entries",
    "representatives",
    "write_comparison",
]
