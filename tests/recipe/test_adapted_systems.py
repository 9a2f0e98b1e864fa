"""A system of speaker adaptive training, by files: trained and decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fsaasr.corpora import manifest_path, read_cuts
from fsaasr.evaluate import word_errors
from fsaasr.hypotheses import read_transcripts
from fsaasr.models import load_model, save_graph
from fsaasr.models.speaker_adaptation import SpeakerTransforms
from fsaasr.recipe import Experiment, decode_cuts
from fsaasr.recipe.decoding import TRANSFORMS
from fsaasr.recipe.families import setup_from_dict
from fsaasr.recipe.steps import make_graph
from fsaasr.recipe.training import train_model
from tests.recipe.conftest import FEATURES

SAT = {
    "features": FEATURES,
    "tree": {"leaves": 6, "min_frames": 10.0},
    "training": {"topology": "hmm1", "method": "viterbi", "iterations": 3, "gaussians": 10, "growth_end": 1},
    "speaker_adaptation": {"full_frames": 400, "diagonal_frames": 20, "offset_frames": 10, "acoustic_scale": 0.5},
}


def train(experiment: Experiment, setup: dict[str, object], start: str, out: Path) -> Path:
    cuts, lang = manifest_path(experiment.data_dir("kaldi"), "train"), experiment.lang_dir("phones")
    train_model(setup_from_dict("tied-gmm", setup), cuts, lang, out, start_dir=experiment.model_dir("kaldi", start))
    graph = make_graph(out / "lang", "loop", out.parent / "loop.graph", model_dir=out)
    save_graph(graph.expand(), out, load_model(out))
    return out


@pytest.fixture(scope="module")
def sat(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(experiment, SAT, "gmm", tmp_path_factory.mktemp("sat") / "model")


@pytest.fixture(scope="module")
def cuts_path(experiment: Experiment) -> Path:
    return manifest_path(experiment.data_dir("kaldi"), "test")


def test_decoding_leaves_the_transforms_beside_the_hypotheses(sat: Path, cuts_path: Path, tmp_path: Path) -> None:
    decoded = decode_cuts(sat, sat / "graph.fsa", cuts_path, tmp_path)
    report = word_errors(read_transcripts(tmp_path / "ref.txt"), read_transcripts(tmp_path / "hyp.txt"))
    assert report.errors / report.words < 0.1
    assert not decoded.flags
    kept = SpeakerTransforms.load(tmp_path / TRANSFORMS)
    np.testing.assert_array_equal(kept.matrices, decoded.transforms.matrices)
    speakers = {cut.supervisions[0].speaker or cut.id for cut in read_cuts(cuts_path)}
    assert set(kept.speakers) == speakers
