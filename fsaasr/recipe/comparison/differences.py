"""A comparison in the form in which it is published with an experiment's results."""

from __future__ import annotations

from typing import Tuple

from fsaasr.core.files import PathLike
from fsaasr.recipe.comparison.lines import SystemLine
from fsaasr.recipe.comparison.results import DEFAULTS, CompareOptions, SetComparison, compare_experiments
from fsaasr.recipe.comparison.tables import decidable_sentences
from fsaasr.recipe.differences import Difference, Differences


def experiment_differences(folder: PathLike, options: CompareOptions = DEFAULTS) -> Tuple[Differences, ...]:
    """Tests of an experiment's systems, for each test set that more than one line is of.

    Raises:
      FileFormatError: as `compare_experiments`.
    """
    return tuple(_differences(one) for one in compare_experiments([folder], options) if len(one.lines) > 1)


def _differences(one: SetComparison) -> Differences:
    rows = tuple(_difference(line) for line in one.lines)
    return Differences(one.name, one.baseline, rows, tuple(decidable_sentences(one)))


def _difference(line: SystemLine) -> Difference:
    difference, p, adjusted = (
        None if one is None else round(one, 6) for one in (line.difference, line.p, line.p_adjusted)
    )
    wer = round(line.wer, 6)
    return Difference(line.system, line.graph, line.seeds, wer, difference, p, adjusted, line.representative)
