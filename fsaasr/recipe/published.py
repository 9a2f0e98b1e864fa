"""Published results that those of a new experiment are laid over."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Iterator, Set, Tuple

from fsaasr.core.errors import ConfigError
from fsaasr.recipe.perplexities import PerplexityRow
from fsaasr.recipe.results import Results


def with_kept(results: Results, published: Results) -> Results:
    """New results, with what was published of systems that they lack in front.

    Args:
      results: of an experiment.
      published: as read from a `RESULTS.json`.

    Raises:
      ConfigError: results of another recipe, or of other test data.
    """
    if results.name != published.name:
        raise ConfigError(f"with_kept: results of recipe {results.name!r}, published ones of {published.name!r}")
    _check_data(results, published)
    new = {row.system for row in results.rows} | {row.group for row in results.rows if row.group}
    # Seeds of a system belong together: one new one replaces them all.
    new |= {row.system for row in published.rows if row.group in new}
    rows = [replace(row, commit=row.commit or published.commit) for row in published.rows if row.system not in new]
    return replace(
        results,
        rows=(*rows, *results.rows),
        lattices=(*(row for row in published.lattices if row.system not in new), *results.lattices),
        means=(*(mean for mean in published.means if mean.system not in new), *results.means),
        perplexities=(*_other_models(results, published), *results.perplexities),
    )


def _other_models(results: Results, published: Results) -> Iterator[PerplexityRow]:
    """What was published of language models that the new results have not."""
    new = {(row.split, row.model) for row in results.perplexities}
    return (row for row in published.perplexities if (row.split, row.model) not in new)


def _check_data(results: Results, published: Results) -> None:
    sizes: Dict[str, Set[Tuple[int, int]]] = {}
    for row in (*results.rows, *published.rows):
        sizes.setdefault(row.split, set()).add((row.utterances, row.words))
    for split, found in sizes.items():
        if len(found) > 1:
            raise ConfigError(
                f"with_kept: test data {split!r} of (utterances, words) {sorted(found)}; published results can only be "
                "kept beside new ones of the same test data"
            )
