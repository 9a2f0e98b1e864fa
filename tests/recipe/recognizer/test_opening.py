"""Trained models, opened from their directories and from the experiment that trained them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from fsaasr import Recognizer
from fsaasr.cli.main import main
from fsaasr.core import ConfigError, ModelError
from fsaasr.corpora import manifest_path, read_cuts
from fsaasr.corpora.audio import write_wav
from fsaasr.hypotheses import read_hypotheses
from fsaasr.recipe import Experiment
from fsaasr.recipe.experiment import Run
from tests.toy_speech import RATE, toy_samples


@pytest.mark.parametrize("system", ["gmm", "ctc"])
def test_words_come_with_times_inside_the_audio(experiment: Experiment, system: str) -> None:
    samples = toy_samples("0110", np.random.default_rng(3))
    recognizer = Recognizer.open(experiment.model_dir("kaldi", system))
    done = recognizer.transcribe((samples, RATE))
    assert [word.name for word in done.words] == ["NO", "YES", "YES", "NO"]
    assert all(0 <= word.start < word.end <= done.duration + 0.02 for word in done.words)
    assert recognizer.source == "graph.fsa"
    scales = json.loads(experiment.scales_path("kaldi", system, "loop").read_text())["scales"]
    assert recognizer.system.scales.acoustic_scale == scales["acoustic_scale"]


@pytest.mark.parametrize(("system", "grammar"), [("gmm", "bigram"), ("ctc", "loop")])
def test_a_recognizer_of_a_system_finds_what_its_recipe_found(
    experiment: Experiment, system: str, grammar: str, tmp_path: Path
) -> None:
    expected = read_hypotheses(experiment.decode_dir(Run("kaldi", system, grammar, "native")) / "hyp.jsonl")
    cuts = list(read_cuts(manifest_path(experiment.data_dir("kaldi"), "test")))
    recognizer = Recognizer.of_system(experiment, system, grammar=grammar)
    found = recognizer.transcribe(cuts)
    assert [done.name for done in found] == [hypothesis.utterance for hypothesis in expected]
    for done, hypothesis in zip(found, expected):
        assert [word[:3] for word in done.words] == [word[:3] for word in hypothesis.words]
        assert done.hypothesis.score == pytest.approx(hypothesis.score, abs=1e-3)
    # And the command line the same, of the file.
    write_wav(tmp_path / "a.wav", cuts[0].load_audio()[0], RATE)
    graph, scales = (find("kaldi", system, grammar) for find in (experiment.graph_path, experiment.scales_path))
    given = ("--graph", graph, "--scales", scales, tmp_path / "a.wav", "--json", "--nbest", 2)
    command = map(str, ("transcribe", experiment.model_dir("kaldi", system), *given))
    result = CliRunner().invoke(main, list(command))
    value = json.loads(result.stdout)
    assert [word["name"] for word in value["words"]] == [word.name for word in expected[0].words]
    assert [word["start"] for word in value["words"]] == [word.start for word in expected[0].words]
    assert value["columns"] == list(expected[0].columns)
    assert len(value["utterances"][0]["nbest"]) == 2


def test_the_first_grammar_is_taken_and_unknown_names_are_refused(experiment: Experiment) -> None:
    recognizer = Recognizer.of_system(experiment, "ctc", nbest=2)
    assert recognizer.source == str(experiment.graph_path("kaldi", "ctc", "loop"))
    assert recognizer.nbest == 2
    with pytest.raises(ConfigError, match="no system 'dnn' in the recipe; it has gmm, ctc"):
        Recognizer.of_system(experiment, "dnn")
    with pytest.raises(ConfigError, match="no grammar 'x'"):
        Recognizer.of_system(experiment, "ctc", grammar="x")


def test_without_a_graph_any_words_of_the_lexicon_are_searched(experiment: Experiment, tmp_path: Path) -> None:
    shutil.copytree(experiment.model_dir("kaldi", "ctc"), tmp_path / "model")
    (tmp_path / "model" / "graph.fsa").unlink()
    recognizer = Recognizer.open(tmp_path / "model")
    done = recognizer.transcribe((toy_samples("10", np.random.default_rng(6)), RATE))
    assert (recognizer.source, done.text) == ("word loop", "YES NO")


def test_what_is_no_model_and_a_model_that_does_not_stream_are_named(experiment: Experiment, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.json"):
        Recognizer.open(tmp_path)
    other = experiment.graph_path("kaldi", "gmm", "loop")
    with pytest.raises(ModelError, match="hmm1"):
        Recognizer.open(experiment.model_dir("kaldi", "ctc"), graph=other)
    with pytest.raises(ConfigError, match="cmvn: none"):
        Recognizer.open(experiment.model_dir("kaldi", "ctc")).stream()
