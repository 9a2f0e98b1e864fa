"""Audio files to words, with any model directory."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core import CorpusError, ModelError
from fsaasr.corpora.audio import write_wav
from fsaasr.recipe import Experiment, transcribe
from tests.toy_speech import RATE, toy_samples


@pytest.mark.parametrize("system", ["gmm", "ctc"])
def test_words_come_with_times_inside_the_file(experiment: Experiment, tmp_path: Path, system: str) -> None:
    samples = toy_samples("0110", np.random.default_rng(3))
    write_wav(tmp_path / "a.wav", samples, RATE)
    done = transcribe(experiment.model_dir("kaldi", system), [tmp_path / "a.wav"])
    words = done.files[0].hypothesis.words
    assert [word.name for word in words] == ["NO", "YES", "YES", "NO"]
    assert all(0 <= word.start < word.end <= len(samples) / RATE + 0.02 for word in words)
    assert done.graph == "graph.fsa"


def test_other_rates_are_resampled_and_said_or_refused(experiment: Experiment, tmp_path: Path) -> None:
    samples = toy_samples("01", np.random.default_rng(4))
    write_wav(tmp_path / "a.wav", np.repeat(samples, 2), 2 * RATE)
    folder = experiment.model_dir("kaldi", "gmm")
    done = transcribe(folder, [tmp_path / "a.wav"])
    assert done.files[0].resampled_from == 2 * RATE
    assert done.files[0].hypothesis.text == "NO YES"
    with pytest.raises(CorpusError, match="16000 Hz"):
        transcribe(folder, [tmp_path / "a.wav"], resample=False)


def test_one_by_one_is_as_together(experiment: Experiment, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    paths = [tmp_path / f"{name}.wav" for name in "abc"]
    for path, digits in zip(paths, ("0", "110", "01")):
        write_wav(path, toy_samples(digits, rng), RATE)
    folder = experiment.model_dir("kaldi", "ctc")
    together = [entry.hypothesis.words for entry in transcribe(folder, [*paths, paths[0]]).files]
    assert together[:3] == [transcribe(folder, [path]).files[0].hypothesis.words for path in paths]
    assert together[3] == together[0]


def test_without_a_graph_any_words_of_the_lexicon_are_searched(experiment: Experiment, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(experiment.model_dir("kaldi", "ctc"), folder)
    (folder / "graph.fsa").unlink()
    write_wav(tmp_path / "a.wav", toy_samples("10", np.random.default_rng(6)), RATE)
    done = transcribe(folder, [tmp_path / "a.wav"])
    assert (done.graph, done.files[0].hypothesis.text) == ("word loop", "YES NO")


def test_what_is_wrong_is_named(experiment: Experiment, tmp_path: Path) -> None:
    folder = experiment.model_dir("kaldi", "ctc")
    with pytest.raises(CorpusError, match=r"missing\.wav"):
        transcribe(folder, [tmp_path / "missing.wav"])
    with pytest.raises(CorpusError, match="no audio files"):
        transcribe(folder, [])
    with pytest.raises(ModelError, match=r"model\.json"):
        transcribe(tmp_path, [tmp_path / "missing.wav"])
    other = experiment.graph_path("kaldi", "gmm", "loop")
    write_wav(tmp_path / "a.wav", toy_samples("10", np.random.default_rng(6)), RATE)
    with pytest.raises(ModelError, match="hmm1"):
        transcribe(folder, [tmp_path / "a.wav"], graph_path=other)
