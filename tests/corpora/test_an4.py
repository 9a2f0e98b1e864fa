from __future__ import annotations

import re

import pytest
import soundfile

from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.corpora import An4Options, prepare_an4
from tests.corpora.conftest import write_tone

ONE = An4Options(dev_speakers=1)


def replace_line(path, number: int, line: str) -> None:
    lines = path.read_text().splitlines()
    lines[number - 1] = line
    path.write_text("\n".join(lines) + "\n")


def test_parts_are_the_published_ones_and_dev_is_whole_training_speakers(an4_dir, tmp_path):
    cuts = prepare_an4(an4_dir, tmp_path / "out", ONE)
    speakers = {split: {cut.supervisions[0].speaker for cut in part} for split, part in cuts.items()}
    # One run of five sorted names: its middle one.
    assert speakers == {"train": {"fann", "fbea", "mbob", "mcal"}, "dev": {"mabe"}, "test": {"feve"}}
    assert {split: len(part) for split, part in cuts.items()} == {"train": 8, "dev": 2, "test": 2}


def test_ids_begin_with_the_speaker_and_texts_lose_their_marks(an4_dir, tmp_path):
    cuts = prepare_an4(an4_dir, tmp_path / "out", ONE)
    assert [(cut.id, cut.supervisions[0].text) for cut in cuts["dev"]] == [
        ("mabe-an7-mabe-b", "GO A"),
        ("mabe-cen3-mabe-b", "STOP"),
    ]
    assert [cut.supervisions[0].text for cut in cuts["test"]] == ["GO A", "STOP"]


def test_audio_is_the_sphere_files_sample_for_sample(an4_dir, tmp_path):
    cuts = prepare_an4(an4_dir, tmp_path / "out", ONE)
    for cut in cuts["dev"]:
        _, _, name = cut.id.partition("-")
        original, rate = soundfile.read(an4_dir / "wav" / "an4_clstk" / "mabe" / f"{name}.sph", dtype="int16")
        copy, copy_rate = soundfile.read(cut.recording.sources[0].source, dtype="int16")
        assert rate == copy_rate == 16000
        assert original.tolist() == copy.tolist()
        assert cut.load_audio().shape == (1, 1600)


def test_too_few_speakers_are_said(an4_dir, tmp_path):
    with pytest.raises(CorpusError, match="5 training speakers, 8 of them for dev"):
        prepare_an4(an4_dir, tmp_path / "out")
    with pytest.raises(ConfigError, match="dev_speakers is 0"):
        An4Options(dev_speakers=0)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("GO A", "expected a line like <s> WORD ... </s> (an7-mabe-b)"),
        ("<s> GO <sil> A </s> (an7-mabe-b)", "expected a line like"),
        ("<s> </s> (an7-mabe-b)", "expected a line like"),
        (" (an7-mabe-b)", "expected a line like"),
        ("<s> GO A </s> (an8-mabe-b)", "transcript of 'an8-mabe-b', but line 5 of the file list is 'an7-mabe-b'"),
    ],
)
def test_malformed_transcripts_are_named_by_file_and_line(an4_dir, tmp_path, line, problem):
    replace_line(an4_dir / "etc" / "an4_train.transcription", 5, line)
    with pytest.raises(CorpusError, match=re.escape("an4_train.transcription:5: ") + ".*" + re.escape(problem)):
        prepare_an4(an4_dir, tmp_path / "out", ONE)


@pytest.mark.parametrize("line", ["an4_clstk/mabe", "an4_clstk/mabe/an7-mbob-b", "../an4_clstk/mabe/an7-mabe-b x"])
def test_malformed_file_ids_are_named_by_file_and_line(an4_dir, tmp_path, line):
    replace_line(an4_dir / "etc" / "an4_train.fileids", 5, line)
    with pytest.raises(CorpusError, match=re.escape(f"an4_train.fileids:5: found {line!r}")):
        prepare_an4(an4_dir, tmp_path / "out", ONE)


def test_lists_of_different_length_are_named(an4_dir, tmp_path):
    path = an4_dir / "etc" / "an4_test.transcription"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(CorpusError, match=r"an4_test\.transcription:2: 1 transcripts for 2 utterances"):
        prepare_an4(an4_dir, tmp_path / "out", ONE)


def test_missing_files_are_named(an4_dir, tmp_path):
    (an4_dir / "wav" / "an4_clstk" / "mbob" / "an7-mbob-b.sph").unlink()
    with pytest.raises(CorpusError, match=r"an7-mbob-b\.sph: no such audio file \(1 of 12 are missing\)"):
        prepare_an4(an4_dir, tmp_path / "out", ONE)
    with pytest.raises(CorpusError, match=r"etc/an4_train\.fileids: cannot be read"):
        prepare_an4(an4_dir / "etc", tmp_path / "out", ONE)


def test_other_sampling_rates_are_named(an4_dir, tmp_path, rng):
    write_tone(tmp_path / "tone.wav", rng, rate=8000)
    (tmp_path / "tone.wav").replace(an4_dir / "wav" / "an4_clstk" / "mbob" / "an7-mbob-b.sph")
    with pytest.raises(CorpusError, match=r"an7-mbob-b\.sph: sampling rate is 8000 Hz, expected 16000 Hz"):
        prepare_an4(an4_dir, tmp_path / "out", ONE)
