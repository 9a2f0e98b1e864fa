"""Published results beside those of a new experiment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fsaasr.core.errors import ConfigError
from fsaasr.recipe import PerplexityRow, read_results, results_markdown, with_kept
from fsaasr.recipe.language_models import Perplexities

AN4 = read_results(Path(__file__).parents[2] / "egs" / "an4" / "RESULTS.json")


def test_what_an_experiment_lacks_is_kept_with_its_commit() -> None:
    of_hybrids = [row for row in AN4.rows if row.group == "hybrid"]
    better = tuple(replace(row, wer=0.5, commit="") for row in of_hybrids[:1])
    new = replace(AN4, rows=better, lattices=(), means=(), commit="0123456789ab")
    merged = with_kept(new, AN4)
    assert merged.rows[-1] == better[0]
    others = [row for row in AN4.rows if row.group != "hybrid"]
    assert [replace(row, commit="") for row in merged.rows[:-1]] == [replace(row, commit="") for row in others]
    assert all(row.commit for row in merged.rows[:-1])
    # Of a system with seeds, the mean and all rows go when one is new: they belong together.
    assert [mean.system for mean in merged.means] == [m.system for m in AN4.means if m.system != "hybrid"]
    assert f"- from the run of commit {AN4.rows[0].commit or AN4.commit}: gmm-mono," in results_markdown(merged)


def test_nothing_is_kept_of_a_whole_experiment() -> None:
    assert with_kept(AN4, AN4) == AN4


def test_other_recipes_and_other_test_data_are_refused() -> None:
    with pytest.raises(ConfigError, match="results of recipe 'digits'"):
        with_kept(replace(AN4, name="digits"), AN4)
    with pytest.raises(ConfigError, match=r"test data 'census' of \(utterances, words\) \[\(130, 7\), \(130, 773\)\]"):
        with_kept(replace(AN4, rows=(replace(AN4.rows[0], words=7),)), AN4)


def test_perplexities_of_models_that_the_new_results_lack_stay() -> None:
    old = [PerplexityRow("census", name, "lstm", "words", Perplexities(2.0, 3.0, 0.0, 0.0, 1)) for name in "ab"]
    new = replace(old[1], perplexities=replace(old[1].perplexities, dev=5.0))
    merged = with_kept(replace(AN4, perplexities=(new,)), replace(AN4, perplexities=tuple(old)))
    assert merged.perplexities == (old[0], new)
