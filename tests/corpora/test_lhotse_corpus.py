"""Data that Lhotse itself wrote, compared with what Lhotse itself reads."""

from __future__ import annotations

import gzip
import os
import re
import shutil

import numpy as np
import pytest
from lhotse import CutSet, Features, MonoCut, MultiCut, Recording, RecordingSet, SupervisionSegment, SupervisionSet
from lhotse.supervision import AlignmentItem

from fsaasr.core.errors import ConfigError, CorpusError, CorpusFileError
from fsaasr.core.files import read_json
from fsaasr.corpora import LhotseOptions, prepare, prepare_lhotse
from fsaasr.corpora.manifests import MARKER
from tests.corpora.conftest import write_tone
from tests.corpora.test_manifests import state

FEATURES = Features("fbank", 20, 80, 0.01, 8000, 0.0, 0.2, "lilcom_files", "nowhere", "nothing", channels=0)
SPEAKERS = {"train": ("ann", "bob", "cat", "dan"), "test": ("eve",)}


def segment(name, recording, start, duration, **more):
    """A supervision with the time of its one word."""
    word = AlignmentItem("go", start + 0.01, 0.02)
    values = {"text": f"go {name}", "speaker": name.partition("-")[0], "language": "English", **more}
    return SupervisionSegment(name, recording, start, duration, alignment={"word": [word]}, **values)


def manifests(folder, rng, part):
    """A recording of 0.1 s and its supervision for each of two takes of each speaker."""
    names = [f"{speaker}-{take}" for speaker in SPEAKERS[part] for take in (2, 1)]
    for name in names:
        write_tone(folder / "wav" / f"{name}.wav", rng)
    recordings = RecordingSet.from_recordings(Recording.from_file(folder / "wav" / f"{name}.wav") for name in names)
    return recordings, SupervisionSet.from_segments(segment(name, name, 0.0, 0.1) for name in names)


@pytest.fixture
def corpus(tmp_path, rng):
    """The same train and test parts in Lhotse's three forms."""
    folder = tmp_path / "corpus"
    for part in SPEAKERS:
        recordings, supervisions = manifests(folder, rng, part)
        for name in ("pair", "cuts", f"shar/{part}"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        recordings.to_file(folder / "pair" / f"toy_recordings_{part}.jsonl.gz")
        supervisions.to_file(folder / "pair" / f"toy_supervisions_{part}.jsonl.gz")
        # Lhotse numbers the cuts that it makes of recordings, and names after supervisions those that it trims.
        cuts = CutSet.from_manifests(recordings, supervisions).trim_to_supervisions(keep_overlapping=False).to_eager()
        cuts.to_file(folder / "cuts" / f"toy_cuts_{part}.jsonl.gz")
        cuts.to_shar(folder / "shar" / part, {"recording": "wav"}, shard_size=3)
    return folder


def heard(cuts):
    return {cut.id: (cut.supervisions[0].text, cut.load_audio().tolist()) for cut in cuts}


def one_cut(tmp_path, cut, out="out"):
    """What is prepared of a manifest that holds one cut of Lhotse's; as train and, copied, as test."""
    CutSet.from_cuts([cut]).to_file(tmp_path / "train.jsonl")
    shutil.copy(tmp_path / "train.jsonl", tmp_path / "test.jsonl")
    options = LhotseOptions(train=("train.jsonl",), dev=("dev.jsonl",), test=("test.jsonl",))
    shutil.copy(tmp_path / "train.jsonl", tmp_path / "dev.jsonl")
    return prepare_lhotse(tmp_path, tmp_path / out, options)["train"]


@pytest.fixture
def wave(tmp_path, rng):
    write_tone(tmp_path / "a.wav", rng, samples=1600)
    return Recording.from_file(tmp_path / "a.wav")


def test_three_forms_of_the_same_data_are_the_same_cuts(corpus, tmp_path):
    found = {
        form: prepare("lhotse", corpus / form, tmp_path / form, dev_speakers=1) for form in ("pair", "cuts", "shar")
    }
    keys = {read_json(tmp_path / form / MARKER)["content"] for form in found}
    assert len(keys) == 1
    for part in ("train", "dev", "test"):
        pair, cuts, shar = (list(found[form][part]) for form in ("pair", "cuts", "shar"))
        assert pair == cuts
        for cut in (*pair, *shar):
            cut.recording.sources = []
        assert pair == shar
    # One run of four sorted names: its middle one is the third.
    speakers = {part: [cut.id for cut in cuts] for part, cuts in found["shar"].items()}
    train = ["ann-2", "ann-1", "bob-2", "bob-1", "dan-2", "dan-1"]
    assert speakers == {"train": train, "dev": ["cat-2", "cat-1"], "test": ["eve-2", "eve-1"]}


@pytest.mark.parametrize("kind", ["wav", "flac", "opus"])
def test_audio_of_shar_is_what_lhotse_hears(corpus, tmp_path, kind):
    for part in SPEAKERS:
        (tmp_path / "shar" / part).mkdir(parents=True)
        cuts = CutSet.from_file(corpus / "cuts" / f"toy_cuts_{part}.jsonl.gz")
        cuts.to_shar(tmp_path / "shar" / part, {"recording": kind}, shard_size=None)
    found = prepare_lhotse(tmp_path / "shar", tmp_path / "out", LhotseOptions(dev_speakers=1))
    assert heard([*found["train"], *found["dev"]]) == heard(CutSet.from_shar(in_dir=tmp_path / "shar" / "train"))
    paths = [source.source for cut in found["test"] for source in cut.recording.sources]
    assert all(path.startswith(str(tmp_path / "out")) and path.endswith(f".{kind}") for path in paths)


def test_features_and_fields_of_cuts_are_left_out(wave, tmp_path):
    cut = MonoCut("mine", 0.0, 0.2, 0, supervisions=[segment("ann-1", "a", 0.0, 0.2)], recording=wave)
    cut = cut.with_custom("snr", 3)
    cut.features = FEATURES
    [found] = one_cut(tmp_path, cut)
    assert (found.features, found.custom) == (None, None)
    assert np.array_equal(found.load_audio(), wave.load_audio())


@pytest.mark.parametrize("form", ["pair", "cuts", "shar"])
def test_a_finished_directory_is_read_and_a_changed_one_is_made_again(corpus, tmp_path, form):
    options = LhotseOptions(dev_speakers=1)
    made = prepare_lhotse(corpus / form, tmp_path / "out", options)
    before = state(tmp_path / "out")
    read = prepare_lhotse(corpus / form, tmp_path / "out", options)
    assert state(tmp_path / "out") == before
    assert {part: list(cuts) for part, cuts in read.items()} == {part: list(cuts) for part, cuts in made.items()}
    first = read_json(tmp_path / "out" / MARKER)
    changed = corpus / ("shar/test/recording.000000.tar" if form == "shar" else "wav/eve-1.wav")
    os.utime(changed, (1, 1))
    prepare_lhotse(corpus / form, tmp_path / "out", options)
    again = read_json(tmp_path / "out" / MARKER)
    assert (again["hash"] != first["hash"], again["content"]) == (True, first["content"])


def test_a_killed_run_is_finished(corpus, tmp_path):
    options = LhotseOptions(dev_speakers=1)
    whole = prepare_lhotse(corpus / "shar", tmp_path / "out", options)
    audio = sorted((tmp_path / "out").glob("audio-*/*.wav"))
    assert len(audio) == 10
    kept, content = audio[0].stat().st_mtime_ns, read_json(tmp_path / "out" / MARKER)["content"]
    for path in (*audio[5:], tmp_path / "out" / MARKER, tmp_path / "out" / "cuts_test.jsonl.gz"):
        path.unlink()
    again = prepare_lhotse(corpus / "shar", tmp_path / "out", options)
    assert [list(again[part]) for part in whole] == [list(whole[part]) for part in whole]
    assert sorted((tmp_path / "out").glob("audio-*/*.wav")) == audio
    assert audio[0].stat().st_mtime_ns == kept  # and what was there was not made again
    assert read_json(tmp_path / "out" / MARKER)["content"] == content


def test_cuts_of_several_supervisions_are_trimmed_as_lhotse_does(wave, tmp_path):
    said = [segment("ann-1", "a", 0.02, 0.05), segment("bob-1", "a", 0.05, 0.1)]  # they overlap
    cut = MonoCut("whole", 0.01, 0.18, 0, supervisions=said, recording=wave)
    found = list(one_cut(tmp_path, cut))
    words = [one.supervisions[0].alignment["word"][0].start for one in found]
    assert words == pytest.approx([0.01, 0.01])  # which Lhotse would leave at 0.03 and 0.06
    expected = list(cut.trim_to_supervisions(keep_overlapping=False))
    for one in (*found, *expected):
        one.supervisions[0].alignment = None
    assert found == expected
    assert [(one.id, one.start) for one in found] == [("ann-1", 0.03), ("bob-1", 0.06)]
    assert np.array_equal(found[1].load_audio(), wave.load_audio()[:, 480:1280])


def test_a_cut_with_one_supervision_keeps_its_own_times(wave, tmp_path):
    cut = MonoCut("mine", 0.01, 0.18, 0, supervisions=[segment("ann-1", "a", 0.02, 0.05)], recording=wave)
    [found] = one_cut(tmp_path, cut)
    assert (found.id, found.start, found.duration, found.supervisions) == ("mine", 0.01, 0.18, cut.supervisions)


def test_speakers_on_channels_of_their_own_are_told_apart(tmp_path, rng):
    import soundfile

    both = rng.integers(-8000, 8000, (1600, 2)).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", both, 8000)
    said = [segment("ann-1", "a", 0.0, 0.1), segment("bob-1", "a", 0.05, 0.15, channel=1)]
    cut = MultiCut("call", 0.0, 0.2, [0, 1], supervisions=said, recording=Recording.from_file(tmp_path / "a.wav"))
    found = one_cut(tmp_path, cut)
    assert np.array_equal(found["bob-1"].load_audio()[0] * 32768, both[400:, 1])
    cut.supervisions = [segment("ann-1", "a", 0.0, 0.1, channel=[0, 1])]
    with pytest.raises(CorpusFileError, match=r"train\.jsonl:1: MultiCut 'call' .*'ann-1' alone, on one channel"):
        one_cut(tmp_path, cut)


def without_supervision(cut):
    cut.supervisions = []
    return cut


def without_recording(cut):
    cut.recording, cut.features = None, FEATURES
    return cut


def beyond_the_end(cut):
    cut.supervisions = [segment("ann-1", "a", 0.0, 0.1), segment("ann-2", "a", 0.1, 0.15)]
    return cut


def from_a_command(cut):
    cut.recording.sources[0].type = "command"
    return cut


def from_shar(cut):
    cut.recording.sources[0].type = "shar"
    return cut


def of_another_rate(cut):
    cut.recording = cut.recording.resample(16000)
    cut.recording.transforms = None
    return cut


def moved(cut):
    cut.recording.sources[0].source = "elsewhere/a.wav"
    return cut


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda cut: cut.pad(duration=1.0), r"MixedCut .* is no piece of one recording; save it as one"),
        (without_supervision, "MonoCut 'mine' has no supervision; add one"),
        (without_recording, "MonoCut 'mine' has no recording; attach one"),
        (beyond_the_end, r"MonoCut 'mine' lasts 0.2 s, but supervision 'ann-2' is from 0.1 to 0.25 s; correct"),
        (from_a_command, r"MonoCut 'mine' has audio of type 'command', expected a file; save it"),
        (from_shar, r"MonoCut 'mine' has its audio in an archive .* name the Shar folder"),
        (of_another_rate, r"of 0\.2 s at 8000 Hz, but its recording says 0\.2 s at 16000 Hz; make"),
        (moved, r"its audio in elsewhere/a\.wav: no such file, not in .* either; restore it"),
    ],
)
def test_cuts_that_cannot_be_used_are_named(wave, tmp_path, damage, problem):
    cut = MonoCut("mine", 0.0, 0.2, 0, supervisions=[segment("ann-1", "a", 0.0, 0.2)], recording=wave)
    with pytest.raises(CorpusFileError, match=r"train\.jsonl:1: .*" + problem):
        one_cut(tmp_path, damage(cut))


def test_relative_audio_is_found_from_here_and_then_in_the_corpus(wave, tmp_path, monkeypatch, rng):
    cut = MonoCut("mine", 0.0, 0.2, 0, supervisions=[segment("ann-1", "a", 0.0, 0.2)], recording=wave)
    cut.recording.sources[0].source = "wav/a.wav"
    write_tone(tmp_path / "wav" / "a.wav", rng, samples=1600)
    [found] = one_cut(tmp_path, cut)
    assert found.recording.sources[0].source == str(tmp_path / "wav" / "a.wav")
    write_tone(tmp_path / "here" / "wav" / "a.wav", rng, samples=1600)
    monkeypatch.chdir(tmp_path / "here")
    [found] = one_cut(tmp_path, cut)
    assert found.recording.sources[0].source == str(tmp_path / "here" / "wav" / "a.wav")


def test_damaged_manifests_and_archives_are_named(corpus, tmp_path):
    def problem(form, name, damage):
        shutil.copytree(corpus / form, tmp_path / "damaged", dirs_exist_ok=True)
        path = tmp_path / "damaged" / name
        path.write_bytes(damage(path.read_bytes()))
        with pytest.raises(CorpusFileError) as caught:
            prepare_lhotse(tmp_path / "damaged", tmp_path / "out", LhotseOptions(dev_speakers=1))
        shutil.rmtree(tmp_path / "damaged")
        assert not (tmp_path / "out" / MARKER).exists()
        return str(caught.value).replace(f"{path}", "HERE")

    def second_line(data):
        lines = gzip.decompress(data).splitlines(keepends=True)
        return gzip.compress(b"".join([lines[0], b'{"id": \n', *lines[2:]]))

    def of_nobody(data):
        return gzip.compress(gzip.decompress(data).replace(b'"recording_id": "bob-2"', b'"recording_id": "bo"'))

    recordings = (corpus / "pair" / "toy_recordings_train.jsonl.gz").read_bytes()
    for form, name in (("cuts", "toy_cuts_train.jsonl.gz"), ("pair", "toy_recordings_train.jsonl.gz")):
        assert re.match(r"HERE:2: expected a (Cut|Recording), cannot read one \(", problem(form, name, second_line))
        assert re.match(r"HERE:\d+: .*EOFError", problem(form, name, lambda data: data[: len(data) - 20]))
    assert problem("shar", "train/cuts.000001.jsonl.gz", second_line).startswith("HERE:2: expected a Cut")
    message = problem("cuts", "toy_cuts_train.jsonl.gz", lambda data: recordings)
    assert message.startswith("HERE:1: expected a Cut, cannot read one (TypeError('found a Recording'))")
    assert "HERE:3: SupervisionSegment 'bob-2' is of recording 'bo'" in problem(
        "pair", "toy_supervisions_train.jsonl.gz", of_nobody
    )
    archive, pair = "train/recording.000001.tar", 512 + 2048 + 512 + 512  # 1644 bytes of audio, what they are; headers
    message = problem("shar", archive, lambda data: data[: pair + 600])
    assert message.startswith("HERE: recording 2 of 3 cannot be read")
    message = problem("shar", archive, lambda data: data[: 2 * pair])
    assert message.startswith("HERE: holds 2 recordings for the 3 cuts of cuts.000001.jsonl.gz; restore")
    assert "Mismatched IDs" in problem("shar", archive, lambda data: data[pair:])
    message = problem("shar", archive, lambda data: data.replace(b"RIFF", b"XXXX", 1))
    assert "cuts.000001.jsonl.gz:1: MonoCut 'bob-1' has audio in its archive that cannot be read" in message


def test_names_are_found_or_said_to_be_missing_or_ambiguous(corpus, tmp_path):
    def forms(train, **more):
        options = LhotseOptions(train=(train,), test=("shar/test",), dev_speakers=1, **more)
        return {part: len(cuts) for part, cuts in prepare_lhotse(corpus, tmp_path / "out", options).items()}

    sizes = {"train": 6, "dev": 2, "test": 2}
    for name in ("cuts/train", "cuts/toy_cuts_train.jsonl.gz", "pair/toy_supervisions_train.jsonl.gz", "shar/train"):
        assert forms(name) == sizes
    assert forms(str(corpus / "pair" / "train"), more={"again": ("pair/test",)}) == {**sizes, "again": 2}
    (corpus / "alone").mkdir()
    for half in ("recordings", "supervisions"):
        shutil.copy(corpus / "pair" / f"toy_{half}_train.jsonl.gz", corpus / "alone" / f"{half}.jsonl.gz")
    assert forms("alone") == sizes
    with pytest.raises(CorpusError, match=r"pair: found toy_recordings_test\.jsonl\.gz, toy_recordings_train\.jsonl"):
        forms("pair")
    with pytest.raises(CorpusError, match=r"cuts: found toy_cuts_test\.jsonl\.gz, toy_cuts_train\.jsonl\.gz; expected"):
        forms("cuts/trian")
    with pytest.raises(CorpusError, match=r"toy_recordings_test\.jsonl\.gz would be read twice|shar/test/cuts.000000"):
        forms("shar/test")
    (corpus / "pair" / "toy_supervisions_train.jsonl.gz").unlink()
    with pytest.raises(CorpusError, match=r"toy_supervisions_train\.jsonl\.gz: no such manifest; recordings and"):
        forms("pair/train")
    (corpus / "shar" / "train" / "recording.000001.tar").unlink()
    with pytest.raises(CorpusError, match=r"train: 3 manifests cuts\.\* and 2 archives"):
        forms("shar/train")
    with pytest.raises(CorpusError, match=r"ann-1\.wav: expected \.jsonl or \.jsonl\.gz; `lhotse copy`"):
        forms("wav/ann-1.wav")


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(ConfigError, match="expected one or more of each"):
        LhotseOptions(more={"other": ()})
    with pytest.raises(ConfigError, match="expected names but train, dev and test"):
        LhotseOptions(more={"dev": ("dev",)})
