"""What an interrupted training leaves behind is used where it fits, and only there."""

from __future__ import annotations

import importlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from fsaasr.corpora import manifest_path
from fsaasr.features import FeatureBatch
from fsaasr.lexicon import read_lang
from fsaasr.models import load_model
from fsaasr.recipe import Experiment, training
from fsaasr.recipe.families import TrainingData, setup_from_dict
from tests.recipe.conftest import CTC, FEATURES, GMM


def test_work_of_another_configuration_is_not_gone_on_with(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts, lang = manifest_path(experiment.data_dir("kaldi"), "train"), experiment.lang_dir("phones")
    first = setup_from_dict("gmm", GMM)
    other = setup_from_dict("gmm", {**GMM, "training": {**GMM["training"], "gaussians": 12}})

    with monkeypatch.context() as killed:
        killed.setattr(training, "save_model", lambda *_: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception, match="killed"):
            training.train_model(first, cuts, lang, tmp_path / "model")
    assert len(list((tmp_path / "model" / "work").iterdir())) == 1

    training.train_model(other, cuts, lang, tmp_path / "model")
    assert not (tmp_path / "model" / "work").exists()
    assert (tmp_path / "model" / "model.json").exists()


@pytest.mark.parametrize("family", ["ctc", "attention", "transducer"])
def test_neural_families_train_on_the_speeds_that_their_files_name(
    family: str, experiment: Experiment, tmp_path: Path
) -> None:
    seen: list[FeatureBatch] = []
    speeds = [0.9, 1.0]
    setup = setup_from_dict(family, {"features": FEATURES, "training": {"augment": {"speeds": speeds}}})
    data = TrainingData(
        read_lang(experiment.lang_dir("phones")),
        setup.features,
        manifest_path(experiment.data_dir("kaldi"), "train"),
        tmp_path,
    )

    def see(features: FeatureBatch, *_: object, **__: object) -> None:
        seen.append(features)
        raise KeyboardInterrupt

    module = importlib.import_module(f"fsaasr.train.{family}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, f"train_{family}", see)
        with pytest.raises(KeyboardInterrupt):
            setup.train(data)
    features = seen[0]
    assert list(features.at_speed) == [0.9]
    for spoken, slower in zip(features.matrices, features.at_speed[0.9]):
        assert len(slower) == pytest.approx(len(spoken) / 0.9, abs=1)


@pytest.mark.slow
def test_two_processes_train_the_model_that_one_trains(experiment: Experiment, tmp_path: Path) -> None:
    fit = {**CTC["training"]["fit"], "epochs": 2, "batches_per_step": 2}
    values = {**CTC, "training": {**CTC["training"], "fit": fit, "batch_duration": 4.0}}
    (tmp_path / "ctc.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", "from fsaasr.cli.main import main; main()", "train", "ctc"]
    data = experiment.data_dir("kaldi")
    command += [manifest_path(data, "train"), experiment.lang_dir("phones"), tmp_path / "ctc.yaml"]
    command += [tmp_path / "model", "--dev", manifest_path(data, "test")]
    world = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    root = Path(__file__).resolve().parents[2]
    started = [
        subprocess.Popen(list(map(str, command)), cwd=root, env={**os.environ, **world, "RANK": str(rank)})
        for rank in range(2)
    ]
    assert [process.wait(timeout=300) for process in started] == [0, 0]
    assert not (tmp_path / "model" / "work").exists()
    assert len((tmp_path / "model" / "curves.csv").read_text().splitlines()) == 3
    setup = setup_from_dict("ctc", values)
    lang = experiment.lang_dir("phones")
    alone = training.train_model(
        setup, manifest_path(data, "train"), lang, tmp_path / "alone", dev_path=manifest_path(data, "test")
    )
    both = load_model(tmp_path / "model")
    for name, array in alone.tensors().items():
        np.testing.assert_allclose(both.tensors()[name], array, rtol=1e-3, atol=1e-5)
