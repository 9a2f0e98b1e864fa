"""A toy experiment, run once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from fsaasr.core.files import read_json
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


# A graph file tells the seconds of its making, in more digits or fewer.
COSTS = ("rtf", "rtf_features", "rtf_encoder", "peak_mb", "train_minutes", "graph_bytes")


def assert_same_results(found: Experiment, whole: Experiment) -> None:
    """Hypotheses byte by byte, and all of the results but what they cost; combinations are of other tests."""
    for run in whole.runs:
        texts = [(one.decode_dir(run) / "hyp.txt").read_bytes() for one in (found, whole)]
        assert texts[0] == texts[1]

    def rows(one: Experiment) -> list[dict[str, object]]:
        read = [row for row in read_json(one.folder / "results.json")["rows"] if row["family"] != "combination"]
        return [{key: value for key, value in row.items() if key not in COSTS} for row in read]

    assert rows(found) == rows(whole)


ATTENTION = {
    "features": FEATURES,
    "training": {
        "encoder": {"hidden": 16, "dilations": [1], "subsampling": 4},
        "decoder": {"kind": "rnn", "units": 16, "embedding": 8, "attention": {"kind": "additive", "units": 8}},
        "fit": {"epochs": 1, "learning_rate": 0.01},
    },
}
TRANSDUCER = {
    "features": FEATURES,
    "training": {
        "encoder": {"hidden": 16, "dilations": [1], "subsampling": 4},
        "transducer": {"predictor": {"kind": "stateless", "dim": 8}, "joiner": {"kind": "tanh", "dim": 16}},
        "fit": {"epochs": 1, "learning_rate": 0.01},
    },
}
TOKEN_RECIPE = {
    "name": "tokens",
    "data": {"kaldi": {"corpus": "yesno"}},
    "lexicons": {
        "letters": {"file": "lexicon.txt", "units": "marked-characters"},
        "phones": {"file": "lexicon.txt"},
    },
    "grammars": {"repeat": {"kind": "repeat", "min_words": 2, "max_words": 3}, "free": {"kind": "none"}},
    "systems": {
        "attention": {
            "family": "attention",
            "lexicon": "letters",
            "config": "attention.yaml",
            "tuning": {"acoustic_scale": [0.5, 1.0]},
            "search": {"attention": {"beam": 3, "tokens_per_frame": 0.3}},
        },
        "phones": {"family": "attention", "lexicon": "phones", "config": "attention.yaml"},
        "transducer": {
            "family": "transducer",
            "lexicon": "letters",
            "config": "transducer.yaml",
            "tuning": {"acoustic_scale": [0.5, 1.0], "word_insertion_penalty": [0.0, 1.0]},
            "search": {"search_beam": 4.0, "lattice_beam": 2.0},
        },
    },
    "engines": ["native", "native-exact"],
    "showcase": ["phones", "attention"],
}


def write_token_recipe(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lexicon.txt").write_text("NO N\nYES Y\n", encoding="utf-8")
    for name, value in (("attention", ATTENTION), ("transducer", TRANSDUCER), ("recipe", TOKEN_RECIPE)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    return folder / "recipe.yaml"


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Experiment:
    folder = tmp_path_factory.mktemp("tokens")
    experiment = Experiment(read_recipe(write_token_recipe(folder / "conf")), folder / "exp")
    for stage in STAGES:
        run_stage(experiment, stage, corpus_dir=corpus, workers=1)
    return experiment
