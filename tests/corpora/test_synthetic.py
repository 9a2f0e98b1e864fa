from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fsaasr.core.errors import ConfigError, CorpusError, MissingDependencyError
from fsaasr.corpora import SyntheticOptions, prepare, prepare_fsdd, synthesise_digits
from fsaasr.corpora.espeak import Utterance, synthesise
from fsaasr.corpora.synthetic import MARKER, SPEAKERS
from tests.corpora.conftest import write_tone

OPTIONS = SyntheticOptions(takes=11)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "recordings").iterdir()}


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("espeakng_loader")
    return synthesise_digits(tmp_path_factory.mktemp("synthetic"), OPTIONS)


@pytest.fixture
def corpus(spoken: Path, tmp_path: Path) -> Path:
    """A copy of the corpus, to be damaged."""
    return Path(shutil.copytree(spoken, tmp_path / "corpus"))


def test_fsdd_recipe_takes_it(spoken, tmp_path):
    cuts = prepare_fsdd(spoken, tmp_path / "out")
    assert {split: len(part) for split, part in cuts.items()} == {"train": 60, "dev": 300, "test": 300}
    assert {cut.supervisions[0].speaker for cut in cuts["test"]} == set(SPEAKERS)
    assert all(0.1 < cut.duration < 1.5 for part in cuts.values() for cut in part)


def test_takes_differ_and_are_audible(spoken):
    files = content(spoken)
    assert len(set(files.values())) == len(files) == 660
    for path in sorted((spoken / "recordings").iterdir())[::50]:
        samples, rate = soundfile.read(path)
        assert rate == 8000
        assert 0.02 < np.abs(samples).max() < 1.0


def test_same_options_same_files(spoken, tmp_path):
    assert content(synthesise_digits(tmp_path, OPTIONS)) == content(spoken)


def test_whole_corpus_is_kept(corpus):
    before = {path: path.stat().st_mtime_ns for path in corpus.rglob("*")}
    synthesise_digits(corpus, OPTIONS)
    assert {path: path.stat().st_mtime_ns for path in corpus.rglob("*")} == before


def test_lost_recording_is_remade(corpus, spoken):
    (corpus / "recordings" / "0_amber_0.wav").unlink()
    assert content(synthesise_digits(corpus, OPTIONS)) == content(spoken)


def test_other_seed_other_speech(corpus, spoken):
    other = content(synthesise_digits(corpus, SyntheticOptions(takes=11, seed=1)))
    assert other.keys() == content(spoken).keys()
    assert other != content(spoken)


def test_prepare_by_name(corpus, tmp_path):
    cuts = prepare("synthetic", corpus, tmp_path / "out", takes=11, fsdd={"split": "speakers"})
    assert {cut.supervisions[0].speaker for cut in cuts["test"]} == {"edith", "felix"}


def test_foreign_recordings_are_not_overwritten(tmp_path, rng):
    write_tone(tmp_path / "recordings" / "0_jackson_0.wav", rng)
    with pytest.raises(CorpusError, match="not synthesised; give another directory"):
        synthesise_digits(tmp_path, OPTIONS)
    assert [path.name for path in (tmp_path / "recordings").iterdir()] == ["0_jackson_0.wav"]
    assert not (tmp_path / MARKER).exists()


def test_missing_package_is_named_with_its_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="run `pip install espeakng-loader`"):
        synthesise_digits(tmp_path, OPTIONS)


def test_unknown_voice_is_named():
    pytest.importorskip("espeakng_loader")
    with pytest.raises(CorpusError, match="no voice 'xx-nowhere'"):
        synthesise([Utterance("one", "xx-nowhere")])


def test_library_that_does_not_load_is_named(tmp_path, monkeypatch):
    (tmp_path / "espeakng_loader.py").write_text("def get_library_path():\n    return '/none/libespeak-ng.so'\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingDependencyError, match=r"cannot open shared object.*force-reinstall"):
        synthesise([Utterance("one", "en-us")])


def test_faster_is_shorter():
    pytest.importorskip("espeakng_loader")
    (slow, fast), rate = synthesise([Utterance("seven", "en-us", rate=120), Utterance("seven", "en-us", rate=240)])
    assert rate > 8000
    assert len(fast) < 0.8 * len(slow)


@pytest.mark.parametrize("values", [{"takes": 10}, {"noise": (-40.0, -50.0)}, {"noise": (-40.0, 5.0)}])
def test_options_out_of_range(values):
    with pytest.raises(ConfigError, match="SyntheticOptions"):
        SyntheticOptions(**values)
