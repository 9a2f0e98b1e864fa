"""Families trained on transcripts alone, by files: full sum on characters, LF-MMI, and its tuning by word errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Optional

import pytest

from fsaasr.core.errors import ConfigError
from fsaasr.corpora import manifest_path
from fsaasr.evaluate import word_errors
from fsaasr.hypotheses import read_transcripts
from fsaasr.lexicon import OptionalSilence, character_lexicon, read_lang, write_lang
from fsaasr.models import load_model
from fsaasr.models.hybrid import HybridModel
from fsaasr.recipe import Experiment, decode_cuts
from fsaasr.recipe.families import setup_from_dict
from fsaasr.recipe.steps import make_graph
from fsaasr.recipe.training import train_model
from tests.recipe.conftest import FEATURES

TRAINING: Dict[str, Any] = {
    "encoder": {"hidden": 24, "dilations": [1], "subsampling": 2},
    "fit": {"epochs": 8, "learning_rate": 0.01},
    "augment": {"time_masks": 0, "feature_masks": 0},
    "batch_duration": 10.0,
}


def trained(
    experiment: Experiment, family: str, out: Path, lang: Path, training: Dict[str, Any], start: Optional[Path] = None
) -> float:
    """Trains, decodes the test part with a loop of words, and gives the share of word errors."""
    data = experiment.data_dir("kaldi")
    setup = setup_from_dict(family, {"features": FEATURES, "training": training})
    train_model(setup, manifest_path(data, "train"), lang, out, dev_path=manifest_path(data, "dev"), start_dir=start)
    make_graph(out / "lang", "loop", out / "loop.graph", model_dir=out)
    decode_cuts(out, out / "loop.graph", manifest_path(data, "test"), out / "decoded")
    report = word_errors(read_transcripts(out / "decoded" / "ref.txt"), read_transcripts(out / "decoded" / "hyp.txt"))
    return report.errors / report.words


@pytest.fixture(scope="module")
def lf_mmi(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("lf-mmi")
    training = {**TRAINING, "topology": "kaldi-chain"}
    assert trained(experiment, "lf-mmi", out, experiment.lang_dir("phones"), training) < 0.1
    return out


def test_lf_mmi_needs_no_priors_and_names_its_topology(lf_mmi: Path) -> None:
    model = load_model(lf_mmi)
    assert isinstance(model, HybridModel)
    assert (model.prior_scale, model.topology) == (0.0, "kaldi-chain")


def test_the_full_sum_trains_characters(experiment: Experiment, tmp_path: Path) -> None:
    words = read_lang(experiment.lang_dir("phones")).words.names[1:]
    write_lang(replace(character_lexicon(words), silence=OptionalSilence("SIL", 0.5)), tmp_path / "lang")
    training = {**TRAINING, "fit": {"epochs": 14, "learning_rate": 0.01}}
    assert trained(experiment, "full-sum", tmp_path / "model", tmp_path / "lang", training) < 0.2
    model = load_model(tmp_path / "model")
    assert isinstance(model, HybridModel)
    assert model.tokens.names[1:] == ("SIL", "E", "N", "O", "S", "Y")
    assert model.prior_scale == 1.0


def test_minimum_word_error_rate_starts_from_a_hybrid(experiment: Experiment, lf_mmi: Path, tmp_path: Path) -> None:
    training = {"fit": {"epochs": 1, "learning_rate": 1e-4}, "batch_duration": 10.0}
    lang = experiment.lang_dir("phones")
    assert trained(experiment, "mwer", tmp_path / "model", lang, training, lf_mmi) < 0.1
    assert load_model(tmp_path / "model").topology == "kaldi-chain"
    setup = setup_from_dict("mwer", {"features": {**FEATURES, "cmvn": "none"}, "training": training})
    cuts = manifest_path(experiment.data_dir("kaldi"), "train")
    with pytest.raises(ConfigError, match="with its own features"):
        train_model(setup, cuts, lang, tmp_path / "other", start_dir=lf_mmi)
    with pytest.raises(ConfigError, match="family 'gmm'"):
        train_model(setup, cuts, lang, tmp_path / "other", start_dir=experiment.model_dir("kaldi", "gmm"))
