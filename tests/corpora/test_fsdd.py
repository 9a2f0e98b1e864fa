from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.corpora import FsddOptions, StringOptions, prepare_fsdd
from fsaasr.corpora.fsdd import DIGITS
from tests.corpora.conftest import write_tone

STRINGS = FsddOptions(style="connected", num_strings=(9, 4, 6))


def index_of(cut) -> int:
    return int(cut.id.rpartition("-")[2])


def word_audio(cut) -> list[bytes]:
    """The samples at the times that the cut gives for its words."""
    samples, rate = soundfile.read(cut.recording.sources[0].source, dtype="int16")
    items = cut.supervisions[0].alignment["word"]
    spans = [(round(item.start * rate), round((item.start + item.duration) * rate)) for item in items]
    return [samples[start:end].tobytes() for start, end in spans]


def sources(fsdd_dir: Path) -> dict[bytes, tuple[str, str, int]]:
    """Samples of each isolated recording -> (digit word, speaker, index)."""
    found = {}
    for path in (fsdd_dir / "recordings").glob("*.wav"):
        digit, speaker, index = path.stem.split("_")
        found[soundfile.read(path, dtype="int16")[0].tobytes()] = (DIGITS[int(digit)], speaker, int(index))
    return found


def test_official_split_goes_by_index(fsdd_dir, tmp_path):
    cuts = prepare_fsdd(fsdd_dir, tmp_path / "out")
    # FSDD's README: index 0-4 is test; dev is our own rule, 5-9.
    assert {index_of(cut) for cut in cuts["test"]} == set(range(0, 5))
    assert {index_of(cut) for cut in cuts["dev"]} == set(range(5, 10))
    assert {index_of(cut) for cut in cuts["train"]} == {10, 11}
    assert sum(len(split) for split in cuts.values()) == 3 * 10 * 12


def test_text_speaker_and_audio_belong_together(fsdd_dir, tmp_path):
    cuts = prepare_fsdd(fsdd_dir / "recordings", tmp_path / "out")["test"]
    known = sources(fsdd_dir)
    for cut in cuts:
        samples = soundfile.read(cut.recording.sources[0].source, dtype="int16")[0].tobytes()
        assert known[samples] == (cut.supervisions[0].text, cut.supervisions[0].speaker, index_of(cut))


def test_speaker_split_shares_no_speaker(fsdd_dir, tmp_path):
    cuts = prepare_fsdd(fsdd_dir, tmp_path / "out", FsddOptions(split="speakers"))
    speakers = {split: {cut.supervisions[0].speaker for cut in part} for split, part in cuts.items()}
    assert speakers == {"train": {"ann"}, "dev": {"bob"}, "test": {"cat"}}


def test_speaker_split_takes_named_speakers(fsdd_dir, tmp_path):
    options = FsddOptions(split="speakers", test_speakers=("ann",))
    cuts = prepare_fsdd(fsdd_dir, tmp_path / "out", options)
    assert {cut.supervisions[0].speaker for cut in cuts["test"]} == {"ann"}
    assert {cut.supervisions[0].speaker for cut in cuts["dev"]} == {"cat"}
    with pytest.raises(CorpusError, match="no speaker 'zoe'"):
        prepare_fsdd(fsdd_dir, tmp_path / "out", FsddOptions(split="speakers", test_speakers=("zoe",)))


def test_word_times_of_strings_point_at_the_isolated_recordings(fsdd_dir, tmp_path):
    splits = prepare_fsdd(fsdd_dir, tmp_path / "out", STRINGS)
    known = sources(fsdd_dir)
    indices = {"test": range(0, 5), "dev": range(5, 10), "train": range(10, 12)}
    for split, cuts in splits.items():
        for cut in cuts:
            found = [known[audio] for audio in word_audio(cut)]
            assert " ".join(word for word, _, _ in found) == cut.supervisions[0].text
            assert {speaker for _, speaker, _ in found} == {cut.supervisions[0].speaker}
            assert all(index in indices[split] for _, _, index in found)


def test_strings_have_the_lengths_and_gaps_asked_for(fsdd_dir, tmp_path):
    strings = StringOptions(min_words=2, max_words=3, gap=(0.05, 0.1))
    options = FsddOptions(style="connected", num_strings=(30, 3, 3), strings=strings)
    cuts = prepare_fsdd(fsdd_dir, tmp_path / "out", options)
    assert [len(part) for part in cuts.values()] == [30, 3, 3]
    assert {len(cut.supervisions[0].text.split()) for cut in cuts["train"]} == {2, 3}
    for cut in cuts["train"]:
        items = cut.supervisions[0].alignment["word"]
        ends = [0.0, *(item.start + item.duration for item in items)]
        starts = [*(item.start for item in items), cut.duration]
        assert all(0.05 - 1e-4 <= start - end <= 0.1 + 1e-4 for end, start in zip(ends, starts))


def test_each_recording_is_used_equally_often(fsdd_dir, tmp_path):
    cuts = prepare_fsdd(fsdd_dir, tmp_path / "out", FsddOptions(style="connected", num_strings=(60, 3, 3)))["train"]
    for speaker in ("ann", "bob", "cat"):
        own = [cut for cut in cuts if cut.supervisions[0].speaker == speaker]
        uses = Counter(audio for cut in own for audio in word_audio(cut))
        assert len(uses) == 20
        assert max(uses.values()) - min(uses.values()) <= 1


def test_same_seed_same_corpus(fsdd_dir, tmp_path):
    first, again, other = (
        prepare_fsdd(fsdd_dir, tmp_path / name, FsddOptions(style="connected", num_strings=(6, 3, 3), seed=seed))
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )

    def content(splits):
        return [(cut.id, cut.supervisions[0].text, word_audio(cut)) for cuts in splits.values() for cut in cuts]

    assert content(first) == content(again)
    assert content(first) != content(other)


def test_one_splits_size_leaves_the_others_alone(fsdd_dir, tmp_path):
    small = prepare_fsdd(fsdd_dir, tmp_path / "a", FsddOptions(style="connected", num_strings=(3, 3, 6)))
    large = prepare_fsdd(fsdd_dir, tmp_path / "b", FsddOptions(style="connected", num_strings=(9, 3, 6)))
    assert [cut.supervisions for cut in small["test"]] == [cut.supervisions for cut in large["test"]]


def test_missing_audio_is_named(fsdd_dir, tmp_path):
    (fsdd_dir / "recordings" / "3_bob_7.wav").unlink()
    with pytest.raises(CorpusError, match=r"3_bob_7\.wav: missing; restore"):
        prepare_fsdd(fsdd_dir, tmp_path / "out")
    cuts = prepare_fsdd(fsdd_dir, tmp_path / "out", FsddOptions(allow_missing=True))
    assert sum(len(part) for part in cuts.values()) == 359


@pytest.mark.parametrize("style", ["isolated", "connected"])
def test_unreadable_audio_is_named(fsdd_dir, tmp_path, style):
    (fsdd_dir / "recordings" / "3_bob_11.wav").write_bytes(b"RIFF no more")
    with pytest.raises(CorpusError, match=r"3_bob_11\.wav: not a readable audio file"):
        prepare_fsdd(fsdd_dir, tmp_path / "out", FsddOptions(style=style, num_strings=(3, 3, 3)))


@pytest.mark.parametrize("style", ["isolated", "connected"])
def test_other_sampling_rate_is_named(fsdd_dir, tmp_path, rng, style):
    write_tone(fsdd_dir / "recordings" / "0_ann_0.wav", rng, rate=16000)
    with pytest.raises(CorpusError, match=r"0_ann_0\.wav: sampling rate is 16000 Hz, expected 8000 Hz"):
        prepare_fsdd(fsdd_dir, tmp_path / "out", FsddOptions(style=style, num_strings=(3, 3, 3)))


def test_empty_audio_is_named(fsdd_dir, tmp_path, rng):
    write_tone(fsdd_dir / "recordings" / "0_ann_0.wav", rng, samples=0)
    with pytest.raises(CorpusError, match=r"0_ann_0\.wav: holds no samples"):
        prepare_fsdd(fsdd_dir, tmp_path / "out")


def test_stray_file_is_named(fsdd_dir, tmp_path, rng):
    write_tone(fsdd_dir / "recordings" / "hello.wav", rng)
    with pytest.raises(CorpusError, match=r"hello\.wav: expected a name like"):
        prepare_fsdd(fsdd_dir, tmp_path / "out")


@pytest.mark.parametrize("make", [True, False])
def test_no_corpus_is_said(tmp_path, make):
    if make:
        (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=re.escape(str(tmp_path / "empty"))):
        prepare_fsdd(tmp_path / "empty", tmp_path / "out")


def test_corpus_too_small_to_split_is_said(tmp_path, rng):
    for digit in range(10):
        write_tone(tmp_path / "fsdd" / f"{digit}_ann_0.wav", rng)
    with pytest.raises(CorpusError, match="split 'train' is empty"):
        prepare_fsdd(tmp_path / "fsdd", tmp_path / "out")


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"num_strings": (0, 1, 1)}, "num_strings"),
        ({"dev_speakers": ("ann",), "test_speakers": ("ann",)}, "both"),
    ],
)
def test_options_out_of_range(values, problem):
    with pytest.raises(ConfigError, match=problem):
        FsddOptions(**values)


@pytest.mark.parametrize(
    "values", [{"min_words": 3, "max_words": 2}, {"gap": (0.2, 0.1)}, {"gap_level": 3.0}, {"gap_level": float("-inf")}]
)
def test_string_options_out_of_range(values):
    with pytest.raises(ConfigError, match="StringOptions"):
        StringOptions(**values)


def test_gap_level_sets_the_noise(tmp_path, fsdd_dir):
    options = FsddOptions(style="connected", num_strings=(30, 3, 3), strings=StringOptions(gap_level=-40.0))
    cuts = prepare_fsdd(fsdd_dir, tmp_path / "out", options)["train"]
    lead = [soundfile.read(c.recording.sources[0].source)[0][: round(0.05 * 8000)] for c in cuts]
    # -40 dB of full scale is an amplitude of 0.01.
    assert np.sqrt(np.mean(np.square(lead))) == pytest.approx(0.01, rel=0.05)


def test_no_gap_level_is_digital_silence(tmp_path, fsdd_dir):
    options = FsddOptions(style="connected", num_strings=(3, 3, 3), strings=StringOptions(gap_level=None))
    for cut in prepare_fsdd(fsdd_dir, tmp_path / "out", options)["train"]:
        samples = soundfile.read(cut.recording.sources[0].source, dtype="int16")[0]
        assert not samples[: round(cut.supervisions[0].alignment["word"][0].start * 8000)].any()
