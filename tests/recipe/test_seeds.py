"""Systems with several seeds: what they become, and what their results are."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from fsaasr.core.files import read_json
from fsaasr.evaluate import word_errors
from fsaasr.recipe import STAGES, Experiment, collect_results, read_recipe, results_markdown, run_stage
from fsaasr.recipe.clock import TrainingClock
from fsaasr.recipe.seed_means import seed_means
from tests.recipe.conftest import RECIPE, write_recipe


def seeded(folder: Path, **systems: object) -> Path:
    path = write_recipe(folder)
    recipe = {**RECIPE, "systems": {**RECIPE["systems"], **systems}}  # type: ignore[dict-item]
    path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
    return path


CTC = RECIPE["systems"]["ctc"]  # type: ignore[index]


def test_a_system_stands_once_for_each_seed(tmp_path: Path) -> None:
    spec = read_recipe(seeded(tmp_path, ctc={**CTC, "seeds": [3, 5]}))
    assert list(spec.systems) == ["gmm", "ctc.seed3", "ctc.seed5"]
    experiment = Experiment(spec, tmp_path / "exp")
    assert [experiment.setup(name)["training"]["fit"]["seed"] for name in list(spec.systems)[1:]] == [3, 5]
    assert [entry.group for entry in spec.systems.values()] == ["", "ctc", "ctc"]
    assert spec.showcase == ("gmm", "ctc.seed3")


def test_a_system_starts_from_that_of_its_own_seed(tmp_path: Path) -> None:
    again = {**CTC, "start": "ctc", "seeds": [5, 7]}
    spec = read_recipe(seeded(tmp_path, ctc={**CTC, "seeds": [3, 5]}, again=again))
    assert spec.systems["again.seed5"].start == "ctc.seed5"
    assert spec.systems["again.seed7"].start == "ctc.seed3"


def test_a_lexicon_learns_from_the_first_seed(tmp_path: Path) -> None:
    path = seeded(tmp_path, ctc={**CTC, "seeds": [3, 5]}, again={**CTC, "lexicon": "learned"})
    over = tmp_path / "over.yaml"
    learned = {"file": "lexicon.txt", "learned_from": "ctc"}
    over.write_text(yaml.safe_dump({"lexicons": {"learned": learned}}), encoding="utf-8")
    assert read_recipe(path, [over]).lexicons["learned"].learned_from == "ctc.seed3"


def test_results_have_the_mean_over_seeds(tmp_path: Path, corpus: Path) -> None:
    spec = read_recipe(seeded(tmp_path, ctc={**CTC, "seeds": [0, 1]}))
    experiment = Experiment(replace(spec, grammars={"loop": spec.grammars["loop"]}), tmp_path / "exp")
    for stage in STAGES[:-1]:
        run_stage(experiment, stage, corpus_dir=corpus, workers=1)
    results = collect_results(experiment)
    rows = [row for row in results.rows if row.group == "ctc"]
    assert [row.seed for row in rows] == [0, 1]
    (mean,) = results.means
    assert (mean.system, mean.seeds) == ("ctc", 2)
    assert mean.wer == pytest.approx(sum(row.wer for row in rows) / 2, abs=1e-6)
    assert "## Means over seeds" in results_markdown(results)
    for row in results.rows:
        assert row.parameters > 0
        assert row.train_minutes is not None
        assert (row.lm, row.units) == ("loop", "phones")


def test_one_seed_has_no_mean() -> None:
    report = word_errors({"a": ["x"], "b": ["y"]}, {"a": ["x"], "b": ["z"]})
    place = ("data", "system", "graph", "native")
    assert seed_means([(place, report)], 0) == []
    assert seed_means([(("data", "", "graph", "native"), report)] * 2, 0) == []
    (mean,) = seed_means([(place, report)] * 2, 0)
    assert (mean.wer, mean.lowest, mean.highest, mean.seeds) == (0.5, 0.5, 0.5, 2)


def test_the_clock_goes_on_from_its_notes(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    with TrainingClock(path) as clock:
        until = time.process_time() + 0.05
        while time.process_time() < until:
            pass
    first = clock.minutes
    assert read_json(path)["seconds"] >= 0.05
    with TrainingClock(path) as clock:
        assert clock.minutes >= 0.05 / 60
    path.write_text("cut o")
    assert TrainingClock(path).minutes < first
