from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from lhotse import CutSet

from fsaasr.core.errors import CorpusError, CorpusFileError
from fsaasr.corpora import (
    FsddOptions,
    KaldiOptions,
    prepare,
    prepare_fsdd,
    prepare_kaldi,
    read_kaldi_dir,
    write_kaldi_dir,
)
from tests.corpora.conftest import write_tone


def content(cuts):
    """What a Kaldi directory can hold of cuts."""
    return [
        (cut.id, cut.supervisions[0].text, cut.supervisions[0].speaker, cut.load_audio().tobytes())
        for cut in sorted(cuts, key=lambda cut: cut.id)
    ]


def add_segments(folder, lines):
    """Makes ann-1 and ann-2 parts of one recording."""
    scp = (folder / "wav.scp").read_text().splitlines()
    (folder / "wav.scp").write_text(scp[0].replace("ann-1 ", "ann ") + "\n" + scp[2].replace("bob-1 ", "bob ") + "\n")
    (folder / "segments").write_text(lines)


def test_reads_a_directory(kaldi_dir):
    cuts = read_kaldi_dir(kaldi_dir)
    assert [(c.id, c.supervisions[0].text, c.supervisions[0].speaker, c.supervisions[0].gender) for c in cuts] == [
        ("ann-1", "one two", "ann", "female"),
        ("ann-2", "three", "ann", "female"),
        ("bob-1", "zero", "bob", "male"),
    ]
    assert [cut.duration for cut in cuts] == [0.1, 0.1, 0.1]


def test_segments_are_parts_of_their_recording(kaldi_dir):
    whole = read_kaldi_dir(kaldi_dir)["ann-1"].load_audio()
    add_segments(kaldi_dir, "ann-1 ann 0 0.04\nann-2 ann 0.04 0.1\nbob-1 bob 0.05 -1\n")
    cuts = read_kaldi_dir(kaldi_dir)
    assert np.array_equal(np.concatenate([cuts["ann-1"].load_audio(), cuts["ann-2"].load_audio()], axis=1), whole)
    assert cuts["bob-1"].duration == pytest.approx(0.05)


def test_segment_over_the_end_is_cut_there(kaldi_dir):
    add_segments(kaldi_dir, "ann-1 ann 0 0.05\nann-2 ann 0.05 0.3\nbob-1 bob 0 0.1\n")
    assert read_kaldi_dir(kaldi_dir)["ann-2"].end == pytest.approx(0.1)
    with pytest.raises(CorpusFileError, match=r"segments:2: 'ann-2' lasts from 0.05 to 0.3 s"):
        read_kaldi_dir(kaldi_dir, KaldiOptions(max_overshoot=0.1))


def test_round_trip_of_whole_recordings(fsdd_dir, tmp_path):
    cuts = prepare_fsdd(fsdd_dir, tmp_path / "out", FsddOptions(style="connected", num_strings=(6, 3, 3)))["train"]
    write_kaldi_dir(cuts, tmp_path / "kaldi")
    assert not (tmp_path / "kaldi" / "segments").exists()
    assert content(read_kaldi_dir(tmp_path / "kaldi")) == content(cuts)


def test_round_trip_of_segments_and_genders(kaldi_dir, tmp_path):
    add_segments(kaldi_dir, "ann-1 ann 0 0.04\nann-2 ann 0.04 0.1\nbob-1 bob 0 -1\n")
    cuts = read_kaldi_dir(kaldi_dir)
    write_kaldi_dir(cuts, tmp_path / "copy")
    again = read_kaldi_dir(tmp_path / "copy")
    assert content(again) == content(cuts)
    assert [cut.supervisions[0].gender for cut in again] == ["female", "female", "male"]
    assert (tmp_path / "copy" / "spk2utt").read_text() == "ann ann-1 ann-2\nbob bob-1\n"


def test_segment_named_as_its_recording_stays_a_segment(kaldi_dir, tmp_path):
    part = read_kaldi_dir(kaldi_dir)["ann-1"].truncate(duration=0.05, preserve_id=True)
    part.supervisions[0].duration = 0.05
    write_kaldi_dir([part], tmp_path / "copy")
    assert content(read_kaldi_dir(tmp_path / "copy")) == content([part])


def test_audio_that_no_file_holds_is_written(kaldi_dir, tmp_path):
    cuts = read_kaldi_dir(kaldi_dir)
    mixed = cuts["ann-1"].append(cuts["ann-2"]).with_id("ann-9")
    write_kaldi_dir([mixed], tmp_path / "copy")
    [again] = read_kaldi_dir(tmp_path / "copy")
    assert again.supervisions[0].text == "one two three"
    assert np.allclose(again.load_audio(), mixed.load_audio(), atol=1e-4)


def test_rewriting_leaves_no_stale_tables(kaldi_dir, tmp_path):
    cuts = read_kaldi_dir(kaldi_dir)
    part = cuts["ann-1"].truncate(duration=0.05, preserve_id=True)
    part.supervisions[0].duration = 0.05
    write_kaldi_dir([part], tmp_path / "copy")
    write_kaldi_dir([cuts["ann-1"]], tmp_path / "copy")
    assert content(read_kaldi_dir(tmp_path / "copy")) == content([cuts["ann-1"]])


def test_relative_paths_count_from_audio_root(kaldi_dir, tmp_path):
    scp = (kaldi_dir / "wav.scp").read_text().replace(str(tmp_path) + "/", "")
    (kaldi_dir / "wav.scp").write_text(scp)
    with pytest.raises(CorpusFileError, match=r"wav\.scp:1: .*no such audio file.*audio_root"):
        read_kaldi_dir(kaldi_dir)
    assert len(read_kaldi_dir(kaldi_dir, KaldiOptions(audio_root=str(tmp_path)))) == 3


def test_prepare_takes_one_directory_or_several(kaldi_dir, tmp_path):
    one = prepare_kaldi(kaldi_dir, tmp_path / "one")
    several = prepare("kaldi", kaldi_dir.parent, tmp_path / "several")
    assert list(one) == list(several) == ["train"]
    assert list(one["train"]) == list(several["train"])
    with pytest.raises(CorpusError, match=r"wav\.scp"):
        prepare_kaldi(tmp_path / "audio", tmp_path / "none")


def test_changed_audio_rebuilds(kaldi_dir, tmp_path, rng):
    before = prepare_kaldi(kaldi_dir, tmp_path / "out")["train"]
    name, path = (kaldi_dir / "wav.scp").read_text().splitlines()[0].split()
    write_tone(Path(path), rng, samples=6400)
    after = prepare_kaldi(kaldi_dir, tmp_path / "out")["train"]
    assert after[name].duration == 0.8 != before[name].duration


def test_commands_run_only_when_allowed(kaldi_dir, tmp_path):
    touched = tmp_path / "touched"
    lines = (kaldi_dir / "wav.scp").read_text().splitlines()
    name, path = lines[0].split()
    lines[0] = f"{name} touch {touched}; cat {path} |"
    plain = content(read_kaldi_dir(kaldi_dir))
    (kaldi_dir / "wav.scp").write_text("\n".join(lines) + "\n")
    with pytest.raises(CorpusFileError, match=r"wav\.scp:1: 'ann-1' is a command .*allow_commands"):
        read_kaldi_dir(kaldi_dir)
    assert not touched.exists()
    cuts = read_kaldi_dir(kaldi_dir, KaldiOptions(allow_commands=True))
    assert touched.exists()
    assert cuts["ann-1"].duration == 0.1
    assert content(read_kaldi_dir(kaldi_dir, KaldiOptions(allow_commands=True)))[1:] == plain[1:]


@pytest.mark.parametrize("command", ["false |", "echo no audio |", "exit 3 |"])
def test_failing_commands_are_named(kaldi_dir, command):
    lines = (kaldi_dir / "wav.scp").read_text().splitlines()
    (kaldi_dir / "wav.scp").write_text(f"ann-1 {command}\n" + "\n".join(lines[1:]) + "\n")
    with pytest.raises(CorpusFileError, match=r"wav\.scp:1: 'ann-1': .* gave no audio"):
        read_kaldi_dir(kaldi_dir, KaldiOptions(allow_commands=True))


BAD_TABLES = [
    ("text", "ann-1 one\nann-1 two\nann-2 three\nbob-1 zero\n", r"text:2: 'ann-1' stands at line 1 already"),
    ("text", "ann-2 three\nann-1 one\nbob-1 zero\n", r"text:2: not sorted: 'ann-1' comes after 'ann-2'"),
    ("text", "ann-1 one\nann-2\nbob-1 zero\n", r"text:2: 'ann-2' has no value"),
    ("text", "ann-1 one\n\nann-2 two\nbob-1 zero\n", r"text:2: found ''"),
    ("text", "ann-1 one\nann-2 two\n", r"utt2spk:3: 'bob-1' is not in .*text"),
    ("text", "ann-1 one\nann-2 two\nbob-1 zero\ncat-1 nine\n", r"text:4: 'cat-1' is not in .*utt2spk"),
    ("text", "", r"text: holds no line"),
    ("utt2spk", None, r"utt2spk: no such file"),
    ("wav.scp", "ann-1 /none.wav\nann-2 /none.wav\nbob-1 /none.wav\n", r"wav\.scp:1: .*none\.wav: no such audio"),
    ("wav.scp", "ann-1 /none.ark:17\nann-2 /n\nbob-1 /n\n", r"wav\.scp:1: .*archives \(file:offset\) are not read"),
    ("wav.scp", "ann-1 /n\n", r"text:2: 'ann-2' is not in .*wav\.scp"),
    ("spk2gender", "ann x\nbob m\n", r"spk2gender:1: gender of 'ann' is 'x', expected m or f"),
    ("spk2gender", "ann f\nzoe f\n", r"spk2gender:2: speaker 'zoe' is not in"),
    ("segments", "ann-1 ann-1 0 0.1\nann-2 ann-2 0 0.1\n", r"text:3: 'bob-1' is not in .*segments"),
    ("segments", "ann-1 x 0 0.1\nann-2 ann-2 0 0.1\nbob-1 bob-1 0 0.1\n", r"segments:1: recording 'x' is not in"),
    ("segments", "ann-1 ann-1 0\nann-2 ann-2 0 1\nbob-1 bob-1 0 1\n", r"segments:1: found 'ann-1 ann-1 0', expected"),
    ("segments", "ann-1 ann-1 0 0.1\nann-2 ann-2 a b\nbob-1 bob-1 0 1\n", r"segments:2: found"),
    ("segments", "ann-1 ann-1 0 nan\nann-2 ann-2 0 1\nbob-1 bob-1 0 1\n", r"segments:1: found"),
    ("segments", "ann-1 ann-1 0.1 0.1\nann-2 ann-2 0 1\nbob-1 bob-1 0 1\n", r"segments:1: 'ann-1' lasts from 0.1"),
    ("segments", "ann-1 ann-1 5 -1\nann-2 ann-2 0 .1\nbob-1 bob-1 0 .1\n", r"segments:1: 'ann-1' lasts from 5.0"),
]


@pytest.mark.parametrize(("name", "text", "problem"), BAD_TABLES)
def test_malformed_tables_name_file_and_line(kaldi_dir, name, text, problem):
    if text is None:
        (kaldi_dir / name).unlink()
    else:
        (kaldi_dir / name).write_text(text)
    with pytest.raises(CorpusFileError, match=problem):
        read_kaldi_dir(kaldi_dir)


def test_not_utf8_is_named(kaldi_dir):
    (kaldi_dir / "text").write_bytes(b"ann-1 \xff\n")
    with pytest.raises(CorpusFileError, match="text: not UTF-8"):
        read_kaldi_dir(kaldi_dir)


def test_two_channels_are_named(kaldi_dir, tmp_path):
    import soundfile

    soundfile.write(tmp_path / "audio" / "ann-2.wav", np.zeros((800, 2)), 8000)
    with pytest.raises(CorpusFileError, match=r"wav\.scp:2: 'ann-2' has 2 channels"):
        read_kaldi_dir(kaldi_dir)


def test_ids_must_sort_as_their_speakers(kaldi_dir, tmp_path):
    cuts = [cut.with_id(name) for cut, name in zip(read_kaldi_dir(kaldi_dir), ("3", "2", "1"))]
    for cut in cuts:
        cut.supervisions[0].id = cut.id
    with pytest.raises(CorpusError, match="prefix_speaker"):
        write_kaldi_dir(cuts, tmp_path / "copy")
    write_kaldi_dir(cuts, tmp_path / "copy", prefix_speaker=True)
    assert [cut.id for cut in read_kaldi_dir(tmp_path / "copy")] == ["ann-2", "ann-3", "bob-1"]


def test_names_that_kaldi_cannot_hold_are_refused(kaldi_dir, tmp_path):
    cut = read_kaldi_dir(kaldi_dir)["ann-1"]
    with pytest.raises(CorpusError, match="cut id is 'a b'"):
        write_kaldi_dir([cut.with_id("a b")], tmp_path / "copy")
    cut.supervisions[0].speaker = None
    with pytest.raises(CorpusError, match="speaker of cut 'ann-1' is None"):
        write_kaldi_dir(CutSet.from_cuts([cut]), tmp_path / "copy")


def test_two_files_of_one_recording_id_are_refused(kaldi_dir, tmp_path, rng):
    write_tone(tmp_path / "other" / "ann-1.wav", rng)
    cuts = list(read_kaldi_dir(kaldi_dir))[:2]
    parts = [cut.truncate(duration=0.05, preserve_id=True) for cut in cuts]
    for part in parts:
        part.supervisions[0].duration = 0.05
        part.recording.id = "same"
        part.supervisions[0].recording_id = "same"
    with pytest.raises(CorpusError, match="'same' names two files"):
        write_kaldi_dir(parts, tmp_path / "copy")
