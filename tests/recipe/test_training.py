"""What an interrupted training leaves behind is used where it fits, and only there."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from fsaasr.corpora import manifest_path
from fsaasr.features import FeatureBatch
from fsaasr.lexicon import read_lang
from fsaasr.recipe import Experiment, training
from fsaasr.recipe.families import TrainingData, setup_from_dict
from tests.recipe.conftest import FEATURES, GMM


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
