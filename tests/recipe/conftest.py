"""A toy experiment, run once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from fsaasr.recipe import STAGES, Experiment, collect_results, read_recipe, run_stage
from tests.toy_speech import write_toy_corpus

RECIPE = {
    "name": "toy",
    "data": {"kaldi": {"corpus": "yesno"}},
    "lexicons": {"phones": {"file": "lexicon.txt", "silence": "SIL"}},
    "grammars": {"loop": {"kind": "loop"}, "bigram": {"kind": "ngram", "order": 2}},
    "systems": {
        "gmm": {
            "family": "gmm",
            "lexicon": "phones",
            "config": "gmm.yaml",
            "tuning": {"acoustic_scale": [0.2, 1.0], "word_insertion_penalty": [0.0, 2.0]},
        },
        "ctc": {"family": "ctc", "lexicon": "phones", "config": "ctc.yaml"},
    },
    "showcase": ["gmm", "ctc"],
    "drawing": ["phones", "ctc"],
}
FEATURES = {"kind": "fbank", "sampling_rate": 8000, "num_filters": 12, "cmvn": "utterance"}
GMM = {"features": FEATURES, "training": {"iterations": 3, "gaussians": 10, "growth_end": 1, "topology": "hmm1"}}
CTC = {
    "features": FEATURES,
    "training": {
        "encoder": {"hidden": 24, "dilations": [1, 1], "subsampling": 2},
        "fit": {"epochs": 30, "learning_rate": 0.01},
        "augment": {"time_masks": 0, "feature_masks": 0},
        "batch_duration": 10.0,
    },
}


def write_recipe(folder: Path) -> Path:
    """Writes the recipe and the files that it names; returns the recipe's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lexicon.txt").write_text("NO N\nYES Y\n", encoding="utf-8")
    for name, value in (("gmm", GMM), ("ctc", CTC), ("recipe", RECIPE)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    return folder / "recipe.yaml"


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="session")
def experiment(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Experiment:
    folder = tmp_path_factory.mktemp("experiment")
    experiment = Experiment(read_recipe(write_recipe(folder / "conf")), folder / "exp")
    for stage in STAGES:
        run_stage(experiment, stage, corpus_dir=corpus, workers=1)
    collect_results(experiment)
    return experiment
