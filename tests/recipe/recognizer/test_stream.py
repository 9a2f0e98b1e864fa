"""A stream says what is said of the whole recording, in whatever pieces it comes; endpoints divide it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fsaasr import Recognizer
from fsaasr.core.errors import ConfigError, CorpusError, DecodeError, ModelError
from fsaasr.decode import EndpointRule
from fsaasr.recipe import Stream, Transcription, listen
from tests.recipe.recognizer.conftest import FEATURES, RATE, STREAMING, attention, ctc, gmm, noise, save

WAVE = noise(2.0)


def fed(stream: Stream, wave: np.ndarray, size: int) -> Transcription:
    for start in range(0, len(wave), size):
        stream.accept(wave[start : start + size])
    return stream.finish()


def assert_same(found: Transcription, expected: Transcription) -> None:
    assert [word[:3] for word in found.words] == [word[:3] for word in expected.words]
    assert found.hypothesis.columns == expected.hypothesis.columns
    assert found.hypothesis.score == pytest.approx(expected.hypothesis.score, abs=5e-3)
    for one, other in zip(found.words, expected.words):
        assert one.confidence == pytest.approx(other.confidence, abs=1e-3)
    assert (found.duration, found.flags, found.name) == (expected.duration, expected.flags, expected.name)


@pytest.mark.parametrize("name", STREAMING)
def test_chunks_are_as_the_whole(folders: dict[str, Path], name: str) -> None:
    recognizer = Recognizer.open(folders[name])
    whole = recognizer.transcribe((WAVE, RATE))
    assert len(whole.words) > 1
    for size in (160, 1111, len(WAVE)):
        assert_same(fed(recognizer.stream(), WAVE, size), whole)


def test_samples_one_by_one_and_at_another_rate(folders: dict[str, Path]) -> None:
    recognizer = Recognizer.open(folders["ctc"])
    short = WAVE[:1000]
    assert_same(fed(recognizer.stream(), short, 1), recognizer.transcribe((short, RATE)))
    double = np.repeat(WAVE, 2)
    found = fed(recognizer.stream(sampling_rate=2 * RATE), double, 3000)
    assert_same(found, recognizer.transcribe((double, 2 * RATE)))
    assert found.resampled_from == 2 * RATE


@pytest.mark.parametrize("name", ["gmm", "ctc", "transducer"])
def test_partial_results_grow_and_what_is_stable_stays(folders: dict[str, Path], name: str) -> None:
    recognizer = Recognizer.open(folders[name])
    stream, before, counts = recognizer.stream(), (), []
    assert stream.partial.words == stream.stable.words == ()
    for start in range(0, len(WAVE), 400):
        assert stream.accept(WAVE[start : start + 400]) == ()
        partial, stable = stream.partial, stream.stable
        assert stable.columns[: len(before)] == before
        assert partial.columns[: len(stable.columns)] == stable.columns
        assert all(word.end <= stream.latency.heard for word in partial.words)
        before = stable.columns
        counts.append(len(partial.words))
        if counts[-1] and not any(counts[:-1]):
            assert stream.latency.first_partial == stream.latency.heard == (start + 400) / RATE
    assert 0 < counts[len(counts) // 2] < counts[-1]
    done = stream.finish()
    assert done.hypothesis.columns[: len(before)] == before
    late = stream.latency
    assert late.first_word == done.words[0].start
    assert late.final is not None
    assert 0 < late.final <= late.work
    assert late.rtf == late.work / 2.0


def test_endpoints_divide_a_stream_alike_however_it_is_cut(folders: dict[str, Path]) -> None:
    recognizer, rule = Recognizer.open(folders["ctc"], lattices=True), EndpointRule("often", utterance_length=0.55)
    results = []
    for size in (173, 800, len(WAVE)):
        stream, ended = recognizer.stream(endpoints=[rule], name="talk"), []
        for start in range(0, len(WAVE), size):
            ended += stream.accept(WAVE[start : start + size])
        assert stream.ended == tuple(ended)
        done = stream.finish()
        assert done.utterances[:-1] == tuple(ended)
        results.append([(u.start, u.end, u.ended_by, u.hypothesis.text) for u in done.utterances])
    assert results[0] == results[1] == results[2]
    assert len(results[0]) >= 3
    assert {rule for _, _, rule, _ in results[0][:-1]} == {"often"}
    assert results[0][-1][2] is None
    # The encoder looks ahead, so that less than what was heard has been searched: 0.55 s come at the next check.
    assert all(0.6 <= end - start < 0.9 for start, end, _, _ in results[0][:-1])
    for utterance in done.utterances:
        begin, end = round(utterance.start * RATE), round(utterance.end * RATE)
        alone = recognizer.transcribe((WAVE[begin:end], RATE)).hypothesis.shifted(utterance.start)
        assert [word[0] for word in alone.words] == [word[0] for word in utterance.hypothesis.words]
        assert utterance.lattice is not None
    assert done.duration == done.utterances[-1].end == 2.0


def test_a_rest_without_a_frame_is_no_utterance(folders: dict[str, Path]) -> None:
    stream = Recognizer.open(folders["gmm"]).stream(endpoints=[EndpointRule("now", False, utterance_length=0.3)])
    (first,) = stream.accept(WAVE[:3300])
    # 0.3 s of frames are there when 0.315 s have been heard, and that is asked every 0.1 s.
    assert (first.start, first.end, first.ended_by) == (0.0, 0.4, "now")
    done = stream.finish()
    assert done.utterances == (first,)
    assert done.duration == 3300 / RATE


def test_what_needs_the_whole_says_so_and_is_searched_at_the_end(folders: dict[str, Path], tmp_path: Path) -> None:
    save(attention(), tmp_path / "attention")
    save(ctc(kind="blstm", hidden=8, layers=1), tmp_path / "blstm")
    save(gmm(replace(FEATURES, cmvn="utterance")), tmp_path / "cmvn")
    for name, error, message in (
        ("attention", ModelError, r"'attention' looks at the whole utterance .*buffered"),
        ("blstm", ModelError, "class Blstm needs whole utterances"),
        ("cmvn", ConfigError, r"'utterance' subtracts a mean .*cmvn: none.*buffered"),
    ):
        recognizer = Recognizer.open(tmp_path / name)
        with pytest.raises(error, match=message):
            recognizer.stream()
        stream = recognizer.stream(buffered=True)
        stream.accept(WAVE[:5000])
        assert stream.partial.words == stream.stable.words == ()
        stream.accept(WAVE[5000:])
        assert_same(stream.finish(), recognizer.transcribe((WAVE, RATE)))
    with pytest.raises(ConfigError, match="endpoints of a buffered stream"):
        recognizer.stream(buffered=True, endpoints=[EndpointRule("x")])
    with pytest.raises(ConfigError, match="engine is 'native-exact'"):
        Recognizer.open(folders["ctc"]).with_options(engine="native-exact").stream()


def test_streams_refuse_what_makes_no_sense(folders: dict[str, Path]) -> None:
    recognizer = Recognizer.open(folders["ctc"])
    stream = recognizer.stream(name="mike")
    assert stream.accept([]) == ()
    with pytest.raises(DecodeError, match="'mike' has heard no audio"):
        stream.finish()
    with pytest.raises(CorpusError, match="one channel"):
        stream.accept(np.zeros((2, 10)))
    stream.accept(WAVE)
    done = stream.finish()
    assert stream.finish() is done
    with pytest.raises(DecodeError, match="'mike' has been finished"):
        stream.accept(WAVE)
    short = recognizer.stream(name="mike")
    short.accept(WAVE[:50])
    with pytest.raises(CorpusError, match="'mike' has 50 samples"):
        short.finish()
    with pytest.raises(ConfigError, match=r"chunk is 1e-05 s"):
        next(listen(recognizer, (WAVE, RATE), chunk=1e-5))


def test_listening_to_a_file_is_as_transcribing_it(folders: dict[str, Path]) -> None:
    recognizer = Recognizer.open(folders["ctc"])
    moments = list(listen(recognizer, (WAVE, RATE), chunk=0.3))
    assert [round(moment.heard, 6) for moment in moments] == [0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.0]
    assert [moment.transcription is None for moment in moments] == [True] * 6 + [False]
    assert moments[-1].transcription is not None
    assert_same(moments[-1].transcription, recognizer.transcribe((WAVE, RATE)))
    assert moments[-1].latency.final is not None
    assert moments[1].partial.words[: len(moments[1].stable.words)] == moments[1].stable.words
    (one,) = listen(recognizer, (np.repeat(WAVE[:800], 2), 2 * RATE), chunk=1.0, buffered=True)
    assert one.transcription is not None
    assert one.transcription.resampled_from == 2 * RATE


def test_real_time_is_kept_by_the_clock(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr("fsaasr.recipe.recognizer.listening.time.sleep", sleep)
    monkeypatch.setattr("fsaasr.recipe.recognizer.listening.time.perf_counter", lambda: now[0])
    list(listen(Recognizer.open(folders["ctc"]), (WAVE, RATE), chunk=0.5, realtime=True))
    assert slept == pytest.approx([0.5] * 4)
