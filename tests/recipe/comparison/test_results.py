"""Comparisons of written experiments: what is tested against what, and what the files hold."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from fsaasr.core.errors import ConfigError, EvaluationError, FileFormatError
from fsaasr.core.files import write_json
from fsaasr.evaluate import matched_pairs
from fsaasr.evaluate.significance import holm
from fsaasr.recipe import read_experiment, read_results, results_markdown
from fsaasr.recipe.comparison import (
    CompareOptions,
    compare_experiments,
    csv_table,
    decidable_sentences,
    experiment_differences,
    latex_table,
    markdown_table,
    write_comparison,
)
from fsaasr.recipe.comparison.page_spaces import ladder_section
from fsaasr.recipe.comparison.results import rungs, search_space
from fsaasr.report.page import Figure, Table
from tests.recipe.comparison.written import heard, references, write_experiment

TEXTS = references()
FAMILIES = {"gmm": "gmm", "ctc": "ctc"}
QUICK = CompareOptions(samples=200)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    systems = {
        "gmm": {"loop": heard(TEXTS, 0.05, 1), "trigram": heard(TEXTS, 0.02, 2)},
        "ctc.seed0": {"free": heard(TEXTS, 0.5, 3), "loop": heard(TEXTS, 0.2, 4), "trigram": heard(TEXTS, 0.15, 5)},
        "ctc.seed1": {"free": heard(TEXTS, 0.5, 6), "loop": heard(TEXTS, 0.2, 7), "trigram": heard(TEXTS, 0.15, 8)},
    }
    # On dev, gmm is best with loop, though on test it is with trigram; so loop stands for it.
    write_experiment(tmp_path / "one", systems, TEXTS, families=FAMILIES, dev={"loop": 3, "free": 40})
    return tmp_path / "one"


def test_the_recipe_that_is_kept_is_the_recipe(folder: Path) -> None:
    spec = read_experiment(folder).spec
    assert list(spec.systems) == ["gmm", "ctc.seed0", "ctc.seed1"]
    assert spec.systems["ctc.seed1"].group == "ctc"
    with pytest.raises(FileFormatError, match="run stage 'results' of its recipe"):
        read_experiment(folder.parent)


def test_what_is_published_is_what_is_compared(folder: Path) -> None:
    (one,), (told,) = compare_experiments([folder], QUICK), experiment_differences(folder, QUICK)
    assert (told.baseline, len(told.rows), list(told.decidable)) == (one.baseline, 5, decidable_sentences(one))
    for line, row in zip(one.lines, told.rows):
        assert (row.system, row.graph, row.seeds) == (line.system, line.graph, line.seeds)
        assert (row.wer, row.p) == (pytest.approx(line.wer, abs=1e-6), pytest.approx(line.p, abs=1e-6))
    results = replace(read_results(folder / "results.json"), differences=(told,))
    section = results_markdown(results).split("## Which differences are more than chance")[1]
    free = told.rows[2]
    assert free.p_adjusted is not None
    assert free.difference is not None
    first, second = (part.split("\n\n")[0] for part in section.split("|---|")[1:])
    assert ["| gmm | loop |" in first, "| ctc | loop |" in first, "| gmm | trigram |" in second] == [True] * 3
    assert f"| ctc | free | 2 | {100 * free.wer:.2f} |" in section
    assert f"| {100 * free.difference:+.2f} | < 0.001 | < 0.001 |" in section
    write_json(folder / "again.json", asdict(results))
    assert read_results(folder / "again.json") == results


def test_lines_are_means_over_seeds_with_tests_against_the_best_on_dev(folder: Path) -> None:
    (one,) = compare_experiments([folder], QUICK)
    lines = {line.name: line for line in one.lines}
    assert list(lines) == ["gmm · loop", "gmm · trigram", "ctc · free", "ctc · loop", "ctc · trigram"]
    assert one.baseline == "gmm · loop"
    assert [name for name, line in lines.items() if line.representative] == ["gmm · loop", "ctc · loop"]
    ctc = lines["ctc · loop"]
    reports = one.entries["ctc · loop"].reports
    assert ctc.seeds == len(reports) == 2
    assert ctc.wer == pytest.approx((reports[0].wer + reports[1].wer) / 2, abs=1e-6)
    assert ctc.lowest <= ctc.wer <= ctc.highest
    assert ctc.ci_low <= ctc.wer <= ctc.ci_high
    tested = matched_pairs(reports, one.entries["gmm · loop"].reports)
    assert (ctc.difference, ctc.p) == (tested.difference, tested.p_methods)
    assert ctc.p is not None
    assert ctc.p_adjusted is not None
    # Two systems, one test: what they do with other graphs does not count against it.
    assert ctc.p_adjusted == ctc.p
    others = [line for line in one.lines if not line.representative]
    corrected = holm([line.p for line in others])
    assert [line.p_adjusted for line in others] == pytest.approx(list(corrected))
    assert lines["gmm · loop"].p is None
    assert ctc.hours == pytest.approx(10 * 30 / 3600, abs=1e-4)


def test_pairs_are_of_representatives_and_the_ladder_of_neighbours(folder: Path) -> None:
    (one,) = compare_experiments([folder], QUICK)
    assert [(pair.first, pair.second) for pair in one.pairs] == [("gmm · loop", "ctc · loop")]
    steps = [("gmm · loop", "gmm · trigram"), ("ctc · free", "ctc · loop"), ("ctc · loop", "ctc · trigram")]
    assert [(pair.first, pair.second) for pair in one.ladder] == steps == rungs(one.entries)
    assert [search_space(lm) for lm in ("none", "loop", "repeat", "1-gram", "3-gram")] == [0, 1, 1, 2, 4]
    assert search_space("3-gram, rescored by lstm") == 4.5


def test_another_baseline_can_be_named(folder: Path) -> None:
    (one,) = compare_experiments([folder], replace(QUICK, baseline="ctc · free"))
    assert [line.name for line in one.lines if line.p is None] == ["ctc · free"]
    with pytest.raises(ConfigError, match="no line 'hmm' for a baseline; there are gmm · loop"):
        compare_experiments([folder], replace(QUICK, baseline="hmm"))


def test_two_runs_give_the_same_files(folder: Path) -> None:
    for name in ("a", "b"):
        write_comparison([folder], folder.parent / name, QUICK)
    files = sorted(path.name for path in (folder.parent / "a").iterdir())
    assert files == ["results.json", "table.csv", "table.md", "table.tex"]
    for name in files:
        assert (folder.parent / "a" / name).read_bytes() == (folder.parent / "b" / name).read_bytes()


def test_files_hold_the_rows_of_the_recipes_and_the_tests(folder: Path) -> None:
    sets = write_comparison([folder], folder.parent / "out", QUICK)
    found = json.loads((folder.parent / "out" / "results.json").read_text())["sets"][0]
    assert len(found["rows"]) == 8
    own = json.loads((folder / "results.json").read_text())["rows"]
    assert [{key: row[key] for key in own[0]} for row in found["rows"]] == sorted(
        own, key=lambda row: (row["system"] != "gmm", ["free", "loop", "trigram"].index(row["graph"]), row["system"])
    )
    rows = list(csv.DictReader(io.StringIO(csv_table(sets))))
    assert [float(row["wer"]) for row in rows] == [line.wer for line in sets[0].lines]
    assert rows[0]["p"] == ""
    markdown = markdown_table(sets)
    assert markdown.count("| gmm |") == 2
    assert markdown.count("**") == 2
    latex = latex_table(sets)
    assert latex.count("\\\\\n") == 1 + len(sets[0].lines)
    assert latex.count("\\textbf") == 1


def test_what_can_be_decided_is_computed(folder: Path) -> None:
    (one,) = compare_experiments([folder], QUICK)
    found = one.decidable
    assert (found.words, found.utterances, found.speakers, found.pairs) == (240, 40, 4, 1)
    assert found.floor == 6 / 240
    assert found.typical == one.pairs[0].matched.smallest_difference >= found.floor
    sentences = " ".join(decidable_sentences(one))
    assert "240 words in 40 utterances of 4 speakers: no difference below 2.50 %" in sentences
    assert f"differences from {100 * found.typical:.2f} % on" in sentences


def test_two_experiments_of_the_same_test_set_are_one_comparison(folder: Path) -> None:
    other = folder.parent / "two"
    write_experiment(other, {"gmm": {"loop": heard(TEXTS, 0.1, 9)}}, TEXTS, families=FAMILIES)
    (one,) = compare_experiments([folder, other], QUICK)
    assert [line.name for line in one.lines if line.system == "gmm"] == [
        "gmm · loop · one",
        "gmm · trigram · one",
        "gmm · loop · two",
    ]
    third = folder.parent / "three"
    texts = references(30)
    write_experiment(third, {"gmm": {"loop": heard(texts, 0.1, 9)}}, texts, families=FAMILIES)
    assert [one.decidable.utterances for one in compare_experiments([folder, third], QUICK)] == [40, 30]


def test_parts_of_the_training_data_are_a_curve_and_the_whole_stands_for_the_system(tmp_path: Path) -> None:
    systems = {"gmm": {"loop": heard(TEXTS, 0.1, 1)}}
    write_experiment(tmp_path / "e", systems, TEXTS, families=FAMILIES, splits={"part": 4, "all": 10})
    (one,) = compare_experiments([tmp_path / "e"], QUICK)
    assert [(line.name, line.representative) for line in one.lines] == [
        ("gmm · loop · part", False),
        ("gmm · loop · all", True),
    ]
    assert math.isclose(one.lines[0].hours, 4 * 30 / 3600, abs_tol=1e-4)


def test_results_that_are_not_of_the_decodings_are_refused(folder: Path) -> None:
    path = folder / "decode" / "all" / "gmm" / "loop" / "native" / "hyp.txt"
    path.write_text(path.read_text().replace(" a", " z"))
    with pytest.raises(EvaluationError, match=r"results\.json has \d+ errors of 240 words for gmm loop"):
        compare_experiments([folder], QUICK)
    with pytest.raises(ConfigError, match="no experiment folder"):
        compare_experiments([])


def test_of_many_systems_the_chart_has_the_best_of_each_family_and_the_table_has_all(tmp_path: Path) -> None:
    systems = {
        f"{family}{n}": {"loop": heard(TEXTS, 0.1 + 0.01 * n, n), "trigram": heard(TEXTS, 0.05 + 0.01 * n, n)}
        for family in FAMILIES
        for n in range(5)
    }
    families = {name: name[:-1] for name in systems}
    write_experiment(tmp_path / "many", systems, TEXTS, families=families, dev={"loop": 3})
    (one,) = compare_experiments([tmp_path / "many"], QUICK)
    (section,) = ladder_section(one)
    _, chart, rates, _ = section.blocks
    assert isinstance(rates, Table)
    assert [row[0].text for row in rates.rows] == list(systems)
    assert [cell.text for cell in rates.rows[0][1:]] == [
        f"{100 * line.wer:.2f}" for line in one.lines if line.system == "gmm0"
    ]
    assert isinstance(chart, Figure)
    assert chart.data is not None
    assert [row[0].text for row in chart.data.rows] == ["gmm0", "gmm0", "ctc0", "ctc0"]
