"""An experiment on a Shar folder: the same speech gives the same results as from the corpus that it was made of."""

from __future__ import annotations

import yaml
from lhotse import CutSet

from fsaasr.core.files import read_json
from fsaasr.recipe import Experiment, read_recipe, run_stage
from tests.recipe.conftest import RECIPE, write_recipe

STAGES = ("prepare", "lang", "train", "graph", "tune", "decode")


def test_shar_gives_the_results_of_the_corpus_that_it_was_made_of(experiment, tmp_path):
    parts = ("train", "dev", "test")
    for part in parts:
        (tmp_path / "shar" / part).mkdir(parents=True)
        cuts = CutSet.from_file(experiment.folder / "data" / "kaldi" / f"cuts_{part}.jsonl.gz")
        cuts.to_shar(tmp_path / "shar" / part, {"recording": "flac"}, shard_size=5)
    write_recipe(tmp_path / "conf")
    data = {"kaldi": {"corpus": "lhotse", "options": {part: [part] for part in parts}}}
    recipe = {key: value for key, value in RECIPE.items() if key not in ("showcase", "drawing")}
    recipe.update(data=data, systems={"gmm": RECIPE["systems"]["gmm"]})
    (tmp_path / "conf" / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    found = Experiment(read_recipe(tmp_path / "conf" / "recipe.yaml"), tmp_path / "exp")
    for stage in STAGES:
        run_stage(found, stage, corpus_dir=tmp_path / "shar", workers=1)
    assert read_json(tmp_path / "exp" / "data" / "kaldi" / "prepared.json")["corpus"] == "lhotse"
    assert found.runs
    for run in found.runs:
        texts = [(one.decode_dir(run) / "hyp.txt").read_text(encoding="utf-8") for one in (found, experiment)]
        assert texts[0] == texts[1]
