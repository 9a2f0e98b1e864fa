"""The comparison of families: its matrix is valid on every corpus, and a small one runs for real."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from fsaasr.recipe import SETUPS, Experiment, read_recipe
from tests.egs.test_recipes import CORPORA, ROOT, run_recipe

FOLDER = ROOT / "egs" / "hmm_vs_e2e"
OVERLAYS = (("digits",), ("digits", "digits_smoke"), ("an4",))


def experiment(overlays: tuple[str, ...]) -> Experiment:
    spec = read_recipe(FOLDER / "matrix.yaml", [FOLDER / "corpora" / f"{name}.yaml" for name in overlays])
    return Experiment(spec, FOLDER / "exp")


@pytest.mark.parametrize("overlays", OVERLAYS, ids="+".join)
def test_the_matrix_is_valid(overlays: tuple[str, ...]) -> None:
    found = experiment(overlays)
    setups = [found.setup(name) for name in found.spec.systems]
    assert len({setup["features"]["sampling_rate"] for setup in setups}) == 1
    whole, *parts = found.spec.data
    assert parts
    assert set(found.systems_of(parts[0])) < set(found.systems_of(whole))
    free = {run.system for run in found.runs if run.grammar == "free"}
    assert free == {name for name, entry in found.spec.systems.items() if entry.lexicon == "letters"}
    assert {entry.kind for entry in found.spec.grammars.values()} == {"ngram", "loop", "none"}


def test_every_family_but_fine_tuning_is_there_with_three_seeds_and_two_units() -> None:
    spec = experiment(("digits",)).spec
    assert {entry.family for entry in spec.systems.values()} == set(SETUPS) - {"mwer"}
    for name, entry in spec.systems.items():
        if entry.family not in ("gmm", "tied-gmm"):
            assert sum(other.group == entry.group for other in spec.systems.values()) == 3, name
    assert {entry.lexicon for entry in spec.systems.values()} == {"phones", "letters"}


def test_networks_have_encoders_of_one_size() -> None:
    found = experiment(("digits",))
    encoders = [found.setup(name)["training"].get("encoder") for name in found.spec.systems]
    assert len({(one["hidden"], tuple(one["dilations"])) for one in encoders if one}) == 1


@pytest.mark.parametrize("corpus", ["digits", "an4"])
def test_the_matrix_in_small_has_each_family_once(corpus: str) -> None:
    found = experiment((corpus, "one_seed"))
    families = [entry.family for entry in found.spec.systems.values()]
    assert sorted(families) == sorted(set(SETUPS) - {"mwer"})
    assert {run.grammar for run in found.runs} == {"trigram", "lexicon"}


def test_wrong_arguments_print_the_usage() -> None:
    done = subprocess.run(["bash", FOLDER / "run.sh", "--fast"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "run.sh [--corpora DIR] [--only NAME]" in done.stderr


@pytest.mark.slow
@pytest.mark.corpus
def test_smoke_trains_decodes_and_compares_and_does_nothing_twice(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data" / "lexicons", tmp_path / "data" / "lexicons")
    recipe = tmp_path / "egs" / "hmm_vs_e2e"
    shutil.copytree(FOLDER, recipe, ignore=shutil.ignore_patterns("exp"))
    arguments = ("--smoke", "--corpora", str(CORPORA), "--jobs", "2")
    run_recipe(recipe, tmp_path / "tools", *arguments)
    out = recipe / "exp" / "digits-smoke" / "comparison"
    (found,) = json.loads((out / "results.json").read_text())["sets"]
    assert {line["family"] for line in found["lines"]} == {"gmm", "ctc", "transducer", "attention", "combination"}
    assert (out / "report.html").is_file()
    before = {path: path.read_bytes() for path in out.iterdir() if path.suffix != ".html"}
    again = run_recipe(recipe, tmp_path / "tools", *arguments)
    assert not [line for line in again.splitlines() if line.endswith(": done")]
    assert {path: path.read_bytes() for path in before} == before
