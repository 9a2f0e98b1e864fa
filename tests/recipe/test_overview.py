"""The table of systems by graphs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fsaasr.recipe import read_results
from fsaasr.recipe.overview import overview_markdown

AN4 = read_results(Path(__file__).parents[2] / "egs" / "an4" / "RESULTS.json")


def test_seeds_are_averaged_and_what_was_not_decoded_is_empty() -> None:
    (row,) = [row for row in AN4.rows if row.system == "gmm-mono" and row.graph == "trigram"]
    rows = [
        replace(row, wer=0.071, graph="trigram"),
        replace(row, system="ctc.seed0", group="ctc", wer=0.05, graph="trigram"),
        replace(row, system="ctc.seed1", group="ctc", wer=0.06, graph="trigram"),
        replace(row, system="ctc.seed0", group="ctc", wer=0.1, graph="free"),
    ]
    lines = overview_markdown(rows)
    assert lines[-4] == "| split | system | engine | seeds | trigram | free |"
    assert lines[-2:] == [
        "| census | gmm-mono | native | 1 | 7.10 |  |",
        "| census | ctc | native | 2 | 5.50 | 10.00 |",
    ]
    assert overview_markdown(rows[:3]) == []
    parts = overview_markdown([*rows[:3], replace(rows[0], split="census.0.1h", wer=0.2)])
    assert parts[1] == "## What each part of the data makes of each system"
    assert parts[-4] == "| system | graph | engine | seeds | census | census.0.1h |"
    assert parts[-2:] == [
        "| gmm-mono | trigram | native | 1 | 7.10 | 20.00 |",
        "| ctc | trigram | native | 2 | 5.50 |  |",
    ]


def test_published_means_are_those_of_the_table() -> None:
    table = "\n".join(overview_markdown(AN4.rows))
    for mean in AN4.means:
        assert f"{100 * mean.wer:.2f}" in table
