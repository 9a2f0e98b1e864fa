"""What an interrupted training leaves behind is used where it fits, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsaasr.corpora import manifest_path
from fsaasr.recipe import Experiment, training
from fsaasr.recipe.families import setup_from_dict
from tests.recipe.conftest import GMM


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
