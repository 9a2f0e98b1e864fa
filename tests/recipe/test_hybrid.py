"""A hybrid system of the toy experiment, by files: trained, its prior scale tuned, frozen and applied."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from fsaasr.cli.tune import tune
from fsaasr.core import read_json
from fsaasr.core.errors import ConfigError, ModelError
from fsaasr.corpora import manifest_path
from fsaasr.evaluate import word_errors
from fsaasr.hypotheses import read_transcripts
from fsaasr.models import load_model
from fsaasr.models.hybrid import HybridModel
from fsaasr.recipe import Experiment, Scales, TuningGrid, decode_cuts, read_scales, tune_cuts
from fsaasr.recipe.families import setup_from_dict
from fsaasr.recipe.steps import make_graph
from fsaasr.recipe.training import train_model
from tests.recipe.conftest import FEATURES

HYBRID = {
    "features": FEATURES,
    "training": {
        "encoder": {"hidden": 24, "dilations": [1], "subsampling": 2},
        "fit": {"epochs": 6, "learning_rate": 0.01},
        "augment": {"time_masks": 0, "feature_masks": 0},
        "batch_duration": 10.0,
    },
}


@pytest.fixture(scope="module")
def hybrid(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hybrid")
    data = experiment.data_dir("kaldi")
    train_model(
        setup_from_dict("hybrid", HYBRID),
        manifest_path(data, "train"),
        experiment.lang_dir("phones"),
        folder / "model",
        dev_path=manifest_path(data, "dev"),
        start_dir=experiment.model_dir("kaldi", "gmm"),
    )
    make_graph(folder / "model" / "lang", "loop", folder / "loop.graph", model_dir=folder / "model")
    return folder


def test_the_tuned_prior_scale_is_frozen_and_applied(experiment: Experiment, hybrid: Path) -> None:
    data = experiment.data_dir("kaldi")
    grid = TuningGrid((0.2, 1.0), prior_scale=(0.0, 0.5, 1.0))
    tuned = tune_cuts(hybrid / "model", hybrid / "loop.graph", manifest_path(data, "dev"), hybrid / "s.json", grid)
    assert read_scales(hybrid / "s.json") == tuned.scales
    assert len(tuned.trials) == 6
    assert {trial["prior_scale"] for trial in tuned.trials} == {0.0, 0.5, 1.0}
    out = hybrid / "decoded"
    decode_cuts(hybrid / "model", hybrid / "loop.graph", manifest_path(data, "test"), out, scales=tuned.scales)
    report = word_errors(read_transcripts(out / "ref.txt"), read_transcripts(out / "hyp.txt"))
    assert report.errors / report.words < 0.1


def test_the_verb_tunes_prior_scales_too(experiment: Experiment, hybrid: Path) -> None:
    dev, out = manifest_path(experiment.data_dir("kaldi"), "dev"), hybrid / "verb.json"
    asked = ["--acoustic-scales", "0.3", "--penalties", "0", "--prior-scales", "0.25,0.75"]
    done = CliRunner().invoke(tune, [str(hybrid / "model"), str(hybrid / "loop.graph"), str(dev), str(out), *asked])
    assert done.exit_code == 0, done.output
    assert [trial["prior_scale"] for trial in read_json(out)["trials"]] == [0.25, 0.75]


def test_trials_are_the_errors_of_decoding_at_these_scales(experiment: Experiment, hybrid: Path) -> None:
    # A prior scale far too large, so that scales make a difference.
    dev = manifest_path(experiment.data_dir("kaldi"), "dev")
    grid = TuningGrid(prior_scale=(8.0, 0.5), word_insertion_penalty=(0.0, 30.0))
    tuned = tune_cuts(hybrid / "model", hybrid / "loop.graph", dev, hybrid / "t.json", grid)
    assert len({trial["errors"] for trial in tuned.trials}) > 1
    for trial in tuned.trials:
        scales = Scales(**{key: value for key, value in trial.items() if key != "errors"})
        decoded = decode_cuts(hybrid / "model", hybrid / "loop.graph", dev, hybrid / "d", scales=scales)
        texts = {hypothesis.utterance: hypothesis.text.split() for hypothesis in decoded.hypotheses}
        assert word_errors(read_transcripts(hybrid / "d" / "ref.txt"), texts).errors == trial["errors"]


def test_a_model_without_priors_has_no_prior_scale(experiment: Experiment, hybrid: Path) -> None:
    gmm, dev = experiment.model_dir("kaldi", "gmm"), manifest_path(experiment.data_dir("kaldi"), "dev")
    graph = experiment.graph_path("kaldi", "gmm", "loop")
    with pytest.raises(ModelError, match="family 'gmm' has no priors"):
        tune_cuts(gmm, graph, dev, hybrid / "u.json", TuningGrid(prior_scale=(0.5,)))
    with pytest.raises(ModelError, match="family 'gmm' has no priors"):
        decode_cuts(gmm, graph, dev, hybrid / "e", scales=Scales(prior_scale=0.5))
    with pytest.raises(ConfigError, match="prior_scale -1"):
        Scales(prior_scale=-1.0)


def test_the_start_gives_topology_and_transitions(experiment: Experiment, hybrid: Path) -> None:
    start, model = load_model(experiment.model_dir("kaldi", "gmm")), load_model(hybrid / "model")
    assert isinstance(model, HybridModel)
    assert model.topology == start.topology
    assert start.transitions is not None
    np.testing.assert_array_equal(model.transitions, start.transitions)


def test_a_start_without_states_is_refused(experiment: Experiment, tmp_path: Path) -> None:
    data, setup = experiment.data_dir("kaldi"), setup_from_dict("hybrid", HYBRID)
    lang = experiment.model_dir("kaldi", "ctc") / "lang"
    with pytest.raises(ConfigError, match="family 'ctc', without HMM states"):
        train_model(
            setup, manifest_path(data, "train"), lang, tmp_path / "m", start_dir=experiment.model_dir("kaldi", "ctc")
        )
    with pytest.raises(ConfigError, match="starts from a model"):
        train_model(setup, manifest_path(data, "train"), lang, tmp_path / "m")
