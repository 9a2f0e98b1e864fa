"""Audio in, words with times out; whatever the family, as recipes decode."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lhotse import CutSet, Recording

from fsaasr import Recognizer, SearchOptions
from fsaasr.core.errors import ConfigError, CorpusError, DecodeError, ModelError
from fsaasr.corpora.audio import open_recording, write_wav
from fsaasr.features import waveform_features
from fsaasr.grammar import estimate_ngram
from fsaasr.graph import compile_token_graph, word_loop
from fsaasr.models import load_model
from fsaasr.recipe import Scales, recognize, write_scales
from fsaasr.recipe.recognizer.audio import quiet_cuts, unique_names
from fsaasr.recipe.searches import searchable
from tests.recipe.recognizer.conftest import LEXICON, MODELS, RATE, UNSILENT, noise

WAVES = [noise(1.2), noise(0.7, seed=1), noise(1.5, seed=2)]
every_family = pytest.mark.parametrize("name", MODELS)


@every_family
def test_batch_is_one_by_one_and_as_recipes_decode(folders: dict[str, Path], name: str) -> None:
    recognizer = Recognizer.open(folders[name])
    assert recognizer.source == "graph.fsa"
    together = recognizer.transcribe([(wave, RATE) for wave in WAVES])
    assert [done.name for done in together] == ["audio", "audio (2)", "audio (3)"]
    assert sum(len(done.words) for done in together) > 1
    for wave, done in zip(WAVES, together):
        alone = recognizer.transcribe((wave, RATE))
        assert [word[:3] for word in alone.words] == [word[:3] for word in done.words]
        assert alone.hypothesis.score == pytest.approx(done.hypothesis.score, abs=1e-3)
        assert all(word.confidence is not None and 0 <= word.confidence <= 1 for word in done.words)
        assert (done.duration, done.resampled_from, len(done.utterances)) == (len(wave) / RATE, None, 1)
    model = load_model(folders[name])
    features = waveform_features([done.name for done in together], WAVES, model.features)
    decoded = recognize(model, recognizer.system.graph, features)
    for done, expected in zip(together, decoded.hypotheses):
        assert [word[:3] for word in done.words] == [word[:3] for word in expected.words]
        assert replace(done.hypothesis, words=()) == replace(expected, words=())
    assert sorted(decoded.flags) == sorted({flag for done in together for flag in done.flags})


def test_files_samples_cuts_and_recordings_are_one(folders: dict[str, Path], tmp_path: Path) -> None:
    recognizer = Recognizer.open(folders["ctc"])
    write_wav(tmp_path / "a.wav", WAVES[0], RATE)
    recording = open_recording(tmp_path / "a.wav", "rec", RATE)
    assert isinstance(recording, Recording)
    cut = recording.to_cut()
    given = [tmp_path / "a.wav", str(tmp_path / "a.wav"), recording, cut]
    done = recognizer.transcribe(given)
    assert [each.name for each in done] == [str(given[0]), f"{given[0]} (2)", "rec", "rec (2)"]
    assert len({each.words for each in done}) == 1
    assert done[0].words
    stored = np.rint(WAVES[0].astype(np.float64) * 32768) / 32768
    (same,) = recognizer.transcribe([(stored[None], RATE)])
    (of_set,) = recognizer.transcribe(CutSet.from_cuts([cut]))
    assert same.words == of_set.words
    assert [word[:3] for word in same.words] == [word[:3] for word in done[0].words]
    part = recognizer.transcribe(cut.truncate(offset=0.4, duration=0.5))
    assert part.text == recognizer.transcribe((stored[3200:7200], RATE)).text


def test_other_rates_are_resampled_or_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    recognizer = Recognizer.open(folders["ctc"])
    double = np.repeat(WAVES[0], 2)
    done = recognizer.transcribe((double, 2 * RATE))
    assert done.resampled_from == 16000
    assert done.duration == pytest.approx(1.2)
    write_wav(tmp_path / "a.wav", double, 2 * RATE)
    for audio in ((double, 2 * RATE), tmp_path / "a.wav", open_recording(tmp_path / "a.wav", "rec")):
        with pytest.raises(CorpusError, match="sampled at 16000 Hz, expected 8000 Hz"):
            recognizer.transcribe(audio, resample=False)


def test_what_is_no_audio_is_named(folders: dict[str, Path], tmp_path: Path) -> None:
    recognizer = Recognizer.open(folders["ctc"])
    with pytest.raises(CorpusError, match=r"missing\.wav: no such audio file"):
        recognizer.transcribe(tmp_path / "missing.wav")
    with pytest.raises(CorpusError, match="no audio; give at least one"):
        recognizer.transcribe([])
    with pytest.raises(CorpusError, match=r"audio is ndarray; expected a path"):
        recognizer.transcribe([WAVES[0]])
    with pytest.raises(CorpusError, match="one channel"):
        recognizer.transcribe((np.zeros((2, 800)), RATE))
    with pytest.raises(CorpusError, match="'audio' has 100 samples, fewer than the 200 of one frame"):
        recognizer.transcribe((WAVES[0][:100], RATE))


def test_lattices_and_n_best_lists_come_where_asked_for(folders: dict[str, Path]) -> None:
    plain = Recognizer.open(folders["hybrid"], confidence=False).transcribe((WAVES[0], RATE)).utterances[0]
    assert (plain.nbest, plain.lattice) == ((), None)
    assert {word.confidence for word in plain.hypothesis.words} == {None}
    full = Recognizer.open(folders["hybrid"], nbest=3, lattices=True).transcribe((WAVES[0], RATE)).utterances[0]
    assert full.lattice is not None
    assert full.lattice.best_path() == plain.hypothesis == full.nbest[0]
    assert len({hypothesis.text for hypothesis in full.nbest}) == 3
    with pytest.raises(ConfigError, match="nbest is -1"):
        Recognizer.open(folders["ctc"], nbest=-1)


def test_long_audio_is_cut_where_it_is_quiet(folders: dict[str, Path]) -> None:
    quiet = np.zeros(2400, np.float32)
    wave = np.concatenate([noise(1.3), quiet, noise(1.5, seed=3), quiet, noise(0.5, seed=4)])
    recognizer = Recognizer.open(folders["ctc"])
    whole = recognizer.transcribe((wave, RATE))
    cut = recognizer.transcribe((wave, RATE), longest=2.0)
    assert len(whole.utterances) == 1
    limits = [(utterance.start, utterance.end) for utterance in cut.utterances]
    assert [start for start, _ in limits[1:]] == [end for _, end in limits[:-1]]
    assert limits[0][0] == 0
    assert limits[-1][1] == cut.duration == len(wave) / RATE
    assert 1.3 <= limits[0][1] <= 1.6
    assert 3.1 <= limits[1][1] <= 3.4
    for utterance in cut.utterances:
        begin, end = round(utterance.start * RATE), round(utterance.end * RATE)
        alone = recognizer.transcribe((wave[begin:end], RATE)).hypothesis.shifted(utterance.start)
        assert [word[:3] for word in alone.words] == [word[:3] for word in utterance.hypothesis.words]
    assert cut.words == tuple(word for utterance in cut.utterances for word in utterance.hypothesis.words)
    assert cut.hypothesis.utterance == "audio"
    assert cut.to_dict()["utterances"][1]["start"] == limits[1][0]


@pytest.mark.parametrize("seconds", [0.9, 3.0, 7.3])
def test_pieces_are_all_of_it_and_none_is_too_long(seconds: float) -> None:
    wave = noise(seconds)
    pieces = quiet_cuts(wave, RATE, 1.0)
    assert np.concatenate([wave[first:end] for first, end in pieces]).tolist() == wave.tolist()
    assert all(0.45 <= (end - first) / RATE <= 1.0 for first, end in pieces[:-1])
    assert 0 < pieces[-1][1] - pieces[-1][0] <= RATE


def test_what_may_be_said_can_be_given(folders: dict[str, Path], tmp_path: Path) -> None:
    folder, audio = folders["ctc"], (WAVES[0], RATE)
    lexicon = tmp_path / "lexicon.txt"
    lexicon.write_text("b B B\n", encoding="utf-8")
    only = Recognizer.open(folder, lexicon=lexicon)
    assert only.source == "word loop"
    assert set(only.transcribe(audio).text.split()) == {"b"}
    lm = estimate_ngram([["ab", "ab"], ["ab"]], 2)
    assert set(Recognizer.open(folder, lm=lm).transcribe(audio).text.split()) == {"ab"}
    model = load_model(folder)
    graph = compile_token_graph(UNSILENT, word_loop(UNSILENT.words), "ctc")
    given = Recognizer.open(folder, graph=graph)
    assert given.source == "given"
    assert given.transcribe(audio).words == Recognizer.open(folder).transcribe(audio).words
    searchable(model, graph).save(tmp_path / "loop.graph")
    assert Recognizer.open(folder, graph=tmp_path / "loop.graph").source == str(tmp_path / "loop.graph")
    with pytest.raises(ConfigError, match="both a graph and lm"):
        Recognizer.open(folder, graph=graph, lm=lm)
    other = compile_token_graph(LEXICON, word_loop(LEXICON.words), "hmm3")
    with pytest.raises(ModelError, match="does not fit"):
        Recognizer.open(folder, graph=other)
    with pytest.raises(ModelError, match="is a TokenGraph, found a DecodingGraph"):
        Recognizer.open(folders["transducer"], graph=graph.expand())


def test_scales_and_the_options_they_were_tuned_with_are_taken(folders: dict[str, Path], tmp_path: Path) -> None:
    tuned = {"engine": "k2", "search_beam": 7.0, "lattice_beam": 3.0}
    write_scales(Scales(0.5, 0.8, 2.0), tmp_path / "scales.json", options=tuned)
    recognizer = Recognizer.open(folders["ctc"], scales=tmp_path / "scales.json")
    assert recognizer.system.scales == Scales(0.5, 0.8, 2.0)
    assert recognizer.system.options == SearchOptions("native", 7.0, 3.0, acoustic_scale=0.5)
    wide = Recognizer.open(folders["ctc"], scales=tmp_path / "scales.json", options=SearchOptions(search_beam=30.0))
    assert wide.system.options == SearchOptions(search_beam=30.0, acoustic_scale=0.5)
    assert recognizer.with_options(engine="native-exact").system.options.engine == "native-exact"
    few = Recognizer.open(folders["ctc"], scales=Scales(word_insertion_penalty=4.0)).transcribe((WAVES[0], RATE))
    assert len(few.words) < len(Recognizer.open(folders["ctc"]).transcribe((WAVES[0], RATE)).words)


def test_incomplete_paths_are_flagged_or_refused(folders: dict[str, Path]) -> None:
    lm = estimate_ngram([["ab"] * 30], 3)
    recognizer = Recognizer.open(folders["gmm"], lm=lm, lexicon=UNSILENT, scales=Scales(lm_scale=0.0))
    short = (WAVES[0][:300], RATE)
    assert recognizer.transcribe(short).flags == ("not-final",)
    with pytest.raises(DecodeError, match="'audio' reached a final state"):
        recognizer.with_options(allow_partial=False).transcribe(short)


def test_names_that_come_again_are_numbered() -> None:
    assert unique_names(["a", "b", "a", "a"]) == ["a", "b", "a (2)", "a (3)"]
