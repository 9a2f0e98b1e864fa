"""A comparison from folders to files."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional, Sequence

from fsaasr.core.files import PathLike, write_json, write_text
from fsaasr.recipe.comparison.page import PageOptions, comparison_page
from fsaasr.recipe.comparison.results import DEFAULTS, CompareOptions, SetComparison, compare_experiments
from fsaasr.recipe.comparison.tables import csv_table, latex_table, markdown_table
from fsaasr.report.page import write_page


def write_comparison(
    folders: Sequence[PathLike],
    out_dir: PathLike,
    options: CompareOptions = DEFAULTS,
    page: Optional[PageOptions] = None,
) -> List[SetComparison]:
    """Compares experiments; writes `results.json`, `table.csv`, `table.md`, `table.tex` and `report.html`.

    Args:
      folders: of experiments whose stage `results` was run.
      out_dir: receives the files.
      options: tests and baseline.
      page: how much the page shows; None writes none.

    Raises:
      ConfigError, FileFormatError: as `compare_experiments`.
    """
    sets, out = compare_experiments(folders, options), Path(out_dir)
    write_json(out / "results.json", {"sets": [one.to_dict() for one in sets]})
    for name, make in (("table.csv", csv_table), ("table.md", markdown_table), ("table.tex", latex_table)):
        write_text(out / name, make(sets))
    if page is not None:
        write_page(out / "report.html", comparison_page(sets, page))
    return sets
