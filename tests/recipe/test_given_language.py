"""Lexicons that need the training text, and language models that come as files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from fsaasr.core.errors import ConfigError, LexiconError
from fsaasr.corpora import manifest_path, prepare
from fsaasr.grammar import estimate_ngram, write_arpa
from fsaasr.lexicon import read_lang
from fsaasr.recipe import Experiment, make_lang, read_recipe, run_stage
from fsaasr.recipe.steps import PIECES
from tests.recipe.conftest import RECIPE, write_recipe

LEXICON = "NO N OW1\nYE Y EH1\nSO S OW1\nNOSE N OW1 Z\n"
"""Lacks YES, which every transcript may hold."""


@pytest.fixture(scope="module")
def train(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    prepare("yesno", corpus, folder)
    return manifest_path(folder, "train")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lexicon.txt"
    path.write_text(LEXICON, encoding="utf-8")
    return path


def test_pieces_spell_the_words_of_lexicon_and_transcripts(file: Path, train: Path, tmp_path: Path) -> None:
    lexicon = make_lang(file, tmp_path / "lang", "bpe", cuts_path=train, num_pieces=12)
    assert {"NO", "YE", "SO", "NOSE", "YES"} == set(lexicon.words.names[1:])
    for entry in lexicon.pronunciations:
        assert "".join(entry.tokens) == f"▁{entry.word}"
    assert (tmp_path / "lang" / PIECES).is_file()
    assert read_lang(tmp_path / "lang") == lexicon


def test_words_that_the_file_lacks_are_pronounced_by_their_letters(file: Path, train: Path, tmp_path: Path) -> None:
    assert "YES" not in make_lang(file, tmp_path / "plain", silence="SIL")
    lexicon = make_lang(file, tmp_path / "lang", silence="SIL", cuts_path=train)
    assert lexicon.of("YES")[0].tokens[:2] == ("Y", "EH1")
    assert lexicon.of("NO")[0].tokens == ("N", "OW1")
    assert lexicon.silence is not None


def test_stress_goes_where_it_is_not_wanted(file: Path, tmp_path: Path) -> None:
    assert make_lang(file, tmp_path / "lang", without_stress=True).tokens.names[1:] == ("EH", "N", "OW", "S", "Y", "Z")


def given(folder: Path, corpus: Path, **grammar: object) -> Experiment:
    """The toy experiment, with the n-gram models `old.arpa` and `new.arpa` of the corpus' folder."""
    path = write_recipe(folder)
    values = {
        **RECIPE,
        "lexicons": {
            "phones": {"file": "lexicon.txt", "silence": "SIL"},
            "pieces": {"file": "lexicon.txt", "units": "unigram", "num_pieces": 10},
        },
        "language_models": {"new": {"kind": "ngram", "file": "new.arpa", "within": "corpus"}},
        "grammars": {"old": {"kind": "ngram", "file": "old.arpa", "within": "corpus", "rescoring": ["new"], **grammar}},
        "systems": {"pieces": {"family": "ctc", "lexicon": "pieces", "config": "ctc.yaml"}},
        "showcase": [],
        "drawing": [],
    }
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    experiment = Experiment(read_recipe(path), folder / "exp")
    experiment.write_corpus(corpus)
    return experiment


@pytest.fixture
def with_models(tmp_path: Path) -> Path:
    for name, order in (("old", 1), ("new", 2)):
        write_arpa(estimate_ngram([["NO", "YES"], ["YES"]], order), tmp_path / f"{name}.arpa")
    return tmp_path


def test_given_models_are_read_where_they_lie_and_not_estimated(with_models: Path) -> None:
    experiment = given(with_models / "conf", with_models)
    assert experiment.lm_jobs() == experiment.language_model_jobs() == []
    assert experiment.arpa_path("kaldi", "old") == with_models / "old.arpa"
    (graph,) = experiment.graph_jobs()
    assert graph.arguments["arpa"] == with_models / "old.arpa"
    (tuned,) = experiment.rescoring_jobs()
    assert tuned.arguments["lm"] == with_models / "new.arpa"
    assert [run.grammar for run in experiment.runs] == ["old", "old+new"]


def test_another_file_is_another_job(with_models: Path) -> None:
    experiment = given(with_models / "conf", with_models)
    before = [job.key for job in (*experiment.graph_jobs(), *experiment.rescoring_jobs())]
    os.utime(with_models / "new.arpa", (1, 1))
    after = [job.key for job in (*experiment.graph_jobs(), *experiment.rescoring_jobs())]
    assert [one == other for one, other in zip(before, after)] == [True, False]
    (with_models / "old.arpa").unlink()
    with pytest.raises(ConfigError, match=r"no file .*old\.arpa"):
        experiment.graph_jobs()


def test_pieces_are_learned_for_each_training_part(tmp_path: Path, corpus: Path, with_models: Path) -> None:
    experiment = given(with_models / "conf", with_models)
    run_stage(experiment, "prepare", corpus_dir=corpus, workers=1)
    run_stage(experiment, "lang", workers=1)
    assert [job.name for job in experiment.lang_jobs()] == ["lang phones", "lang kaldi/pieces"]
    (train,) = experiment.train_jobs()
    lang = experiment.unweighted_lang_dir("kaldi", "pieces")
    assert train.arguments["lang_dir"] == lang
    assert {entry.tokens[0][0] for entry in read_lang(lang).pronunciations} == {"▁"}


def test_a_file_is_for_ngram_models_alone(with_models: Path) -> None:
    path = given(with_models / "conf", with_models).spec.path("recipe.yaml")
    values = yaml.safe_load(path.read_text())
    values["language_models"]["new"]["kind"] = "lstm"
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(ConfigError, match="found an ARPA file"):
        read_recipe(path)


def test_pieces_need_as_many_as_there_are_letters(file: Path, train: Path, tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="3 bpe pieces"):
        make_lang(file, tmp_path / "lang", "bpe", cuts_path=train, num_pieces=3)
