"""`fsaasr recipe` and `fsaasr report`: stages in order, errors, files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable

import pytest

from tests.cli.conftest import CTC, GMM, Toy, invoke

STAGES = ("prepare", "lang", "train", "graph", "tune", "decode", "lattices")

RECIPE = """
name: toy
data: {kaldi: {corpus: yesno}}
lexicons: {phones: {file: lexicon.txt, silence: SIL}}
grammars: {loop: {kind: loop}}
systems:
  gmm: {family: gmm, lexicon: phones, config: gmm.yaml, tuning: {acoustic_scale: [0.3]}}
  ctc: {family: ctc, lexicon: phones, config: ctc.yaml}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    (tmp_path / "lexicon.txt").write_text("NO N\nYES Y\n")
    (tmp_path / "gmm.yaml").write_text(GMM)
    (tmp_path / "ctc.yaml").write_text(CTC)
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    return tmp_path / "recipe.yaml"


def test_stages_in_order_give_results_and_report(toy: Toy, recipe: Path) -> None:
    exp = recipe.parent / "exp"
    (recipe.parent / "over.yaml").write_text("systems: {ctc: null}\n")
    common = (recipe, exp, "--override", recipe.parent / "over.yaml")
    for stage in STAGES:
        result = invoke("recipe", stage, *common, "--corpus", toy.root / "corpus", "--jobs", 1)
        assert result.exit_code == 0, result.output
        assert ": done" in result.output
    table = invoke("recipe", "results", *common).output
    row = json.loads((exp / "results.json").read_text())["rows"][0]
    assert f"{100 * row['wer']:.2f}" in table
    assert row["system"] == "gmm"
    assert invoke("recipe", "publish", *common, "--to", recipe.parent).exit_code == 0
    published = (recipe.parent / "RESULTS.md").read_text()
    assert "| kaldi | gmm | loop | native |" in published
    quality = json.loads((exp / "lattices/kaldi/gmm/loop/quality.json").read_text())
    assert quality["map_errors"] == row["errors"]
    assert quality["mbr_expected"] <= quality["map_expected"]
    errors = [count for _, count in quality["oracle"]]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] <= quality["map_errors"]
    assert f"| {100 * quality['mbr_errors'] / quality['words']:.2f} |" in published.split("## Word lattices")[1]
    assert invoke("report", *common, "--command", "make toy").exit_code == 0
    assert "make toy" in (exp / "report.html").read_text(encoding="utf-8")


def test_a_stage_too_early_names_the_one_to_run(toy: Toy, recipe: Path, fails: Callable[..., str]) -> None:
    exp = recipe.parent / "exp"
    assert "run stage 'prepare'" in fails("recipe", "train", recipe, exp)
    assert "needs the corpus' directory" in fails("recipe", "prepare", recipe, exp)
    assert "results.json" in fails("report", recipe, exp)


def test_a_recipe_with_an_unknown_key_is_refused(recipe: Path, fails: Callable[..., str]) -> None:
    recipe.write_text(RECIPE + "speed: 3\n")
    assert "key 'speed'" in fails("recipe", "lang", recipe, recipe.parent / "exp")
