"""Recipes as tables: systems by lexicon and seed, data by hours, combinations seed by seed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from fsaasr.core.errors import ConfigError
from fsaasr.core.files import read_json
from fsaasr.corpora import manifest_path, read_cuts
from fsaasr.recipe import Experiment, RecipeSpec, Run, collect_results, read_recipe, run_stage
from tests.recipe.conftest import RECIPE, write_recipe

CTC = RECIPE["systems"]["ctc"]  # type: ignore[index]
GMM = RECIPE["systems"]["gmm"]  # type: ignore[index]
LETTERS = {"file": "lexicon.txt", "units": "marked-characters"}


def read(folder: Path, **over: object) -> RecipeSpec:
    path = write_recipe(folder)
    (folder / "over.yaml").write_text(yaml.safe_dump(over, sort_keys=False), encoding="utf-8")
    return read_recipe(path, [folder / "over.yaml"])


def test_a_system_stands_once_for_each_lexicon_and_seed(tmp_path: Path) -> None:
    both = {**CTC, "lexicons": ["phones", "letters"], "seeds": [0, 1]}
    later = {**both, "start": "ctc"}
    spec = read(tmp_path, lexicons={"letters": LETTERS}, systems={"ctc": both, "again": later})
    names = [f"ctc-{lexicon}.seed{seed}" for lexicon in ("phones", "letters") for seed in (0, 1)]
    assert list(spec.systems) == ["gmm", *names, *(name.replace("ctc", "again") for name in names)]
    assert [spec.systems[name].lexicon for name in names] == ["phones", "phones", "letters", "letters"]
    assert [spec.systems[name].group for name in names[::2]] == ["ctc-phones", "ctc-letters"]
    assert spec.systems["again-letters.seed1"].start == "ctc-letters.seed1"
    assert spec.showcase == ("gmm", "ctc-phones.seed0")


def test_an_unknown_lexicon_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"systems\.ctc\.lexicon.*found pieces, expected one of phones"):
        read(tmp_path, systems={"ctc": {**CTC, "lexicons": ["pieces"]}})


def test_data_are_followed_by_their_parts_and_systems_may_stay_with_the_whole(tmp_path: Path) -> None:
    data = {"kaldi": {"corpus": "yesno", "hours": [0.002, 0.005]}}
    spec = read(tmp_path, data=data, systems={"gmm": {**GMM, "parts": False}})
    assert list(spec.data) == ["kaldi", "kaldi.0.002h", "kaldi.0.005h"]
    experiment = Experiment(spec, tmp_path / "exp")
    assert [experiment.systems_of(name) for name in spec.data] == [("gmm", "ctc"), ("ctc",), ("ctc",)]
    assert [run.data for run in experiment.runs if run.system == "gmm"] == ["kaldi"] * 2
    with pytest.raises(ConfigError, match=r"systems\.tied\.parts.*false, as `gmm` is not trained on parts"):
        read(tmp_path, systems={"gmm": {**GMM, "parts": False}, "tied": {**GMM, "start": "gmm"}})


def test_parts_are_prepared_from_the_whole(tmp_path: Path, corpus: Path) -> None:
    spec = read(tmp_path, data={"kaldi": {"corpus": "yesno", "hours": [0.005]}})
    experiment = Experiment(spec, tmp_path / "exp")
    run_stage(experiment, "prepare", corpus_dir=corpus, workers=1)
    whole, part = (
        [cut.id for cut in read_cuts(manifest_path(experiment.data_dir(name), "train"))] for name in spec.data
    )
    assert 0 < len(part) < len(whole)
    assert [name for name in whole if name in part] == part
    for split in ("dev", "test"):
        first, second = (manifest_path(experiment.data_dir(name), split).read_bytes() for name in spec.data)
        assert first == second
    assert run_stage(experiment, "prepare", corpus_dir=corpus, workers=1) == 0
    other = Experiment(read(tmp_path, data={"kaldi": {"corpus": "yesno", "hours": [0.004]}}), tmp_path / "exp")
    assert [job.name for job in other.prepare_jobs(corpus) if not job.is_done()] == []


def test_combinations_are_expanded_by_seed(tmp_path: Path) -> None:
    spec = read(tmp_path, systems={"ctc": {**CTC, "seeds": [3, 5]}}, combinations={"both": ["gmm", "ctc"]})
    assert spec.combinations == {"both.seed3": ("gmm", "ctc.seed3"), "both.seed5": ("gmm", "ctc.seed5")}
    with pytest.raises(ConfigError, match=r"combinations\.one.*two or more of gmm, ctc"):
        read(tmp_path, combinations={"one": ["gmm"]})
    with pytest.raises(ConfigError, match=r"combinations\.one.*two or more of gmm, ctc"):
        read(tmp_path, combinations={"one": ["gmm", "hmm"]})


def test_a_combination_has_a_row_that_costs_what_its_systems_cost(tmp_path: Path, experiment: Experiment) -> None:
    shutil.copytree(experiment.folder, tmp_path / "exp")
    asking = Experiment(replace(experiment.spec, combinations={"both": ("gmm", "ctc")}), tmp_path / "exp")
    assert run_stage(asking, "lattices", workers=1) == 2
    rows = {(row.system, row.graph): row for row in collect_results(asking).rows}
    both, gmm, ctc = (rows[name, "loop"] for name in ("both", "gmm", "ctc"))
    assert (both.family, both.engine) == ("combination", "combination")
    assert both.rtf >= gmm.rtf + ctc.rtf
    assert both.parameters == gmm.parameters + ctc.parameters
    assert both.words == gmm.words
    assert min(gmm.errors, ctc.errors) <= both.errors <= max(gmm.errors, ctc.errors)
    record = read_json(asking.decode_dir(Run("kaldi", "both", "loop", "combination")) / "decode.json")
    assert record["dev_words"] == both.dev_words
