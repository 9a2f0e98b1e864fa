from __future__ import annotations

import gzip
import re
import tarfile

import pytest

from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.corpora import LibriSpeechOptions, fetch_librispeech, prepare_librispeech

ONE = LibriSpeechOptions(dev_speakers=1)
CHAPTER = "LibriSpeech/dev-clean-2/84/7"


def test_mini_librispeech_has_dev_of_its_training_speakers(librispeech_dir, tmp_path):
    cuts = prepare_librispeech(librispeech_dir, tmp_path / "out", ONE)
    speakers = {split: {cut.supervisions[0].speaker for cut in part} for split, part in cuts.items()}
    # One run of five sorted names, 103 19 26 27 32: its middle one.
    assert speakers == {"train": {"19", "27", "32", "103"}, "dev": {"26"}, "test": {"84", "1272"}}
    first = next(iter(cuts["test"]))
    assert (first.id, first.supervisions[0].text) == ("1272-7-0000", "IT'S A DAY")
    assert first.load_audio().shape == (1, 1600)


def test_the_folder_itself_is_taken_and_more_parts_are_kept_apart(librispeech_dir, tmp_path):
    (librispeech_dir / "LibriSpeech" / "dev-clean-2" / "84").rename(librispeech_dir / "84")
    (librispeech_dir / "LibriSpeech" / "test-other").mkdir()
    (librispeech_dir / "84").rename(librispeech_dir / "LibriSpeech" / "test-other" / "84")
    options = LibriSpeechOptions(dev_speakers=1, more=("test-other",))
    cuts = prepare_librispeech(librispeech_dir / "LibriSpeech", tmp_path / "out", options)
    assert {split: len(part) for split, part in cuts.items()} == {"train": 8, "dev": 2, "test": 2, "test-other": 2}
    joined = LibriSpeechOptions(("train-clean-5",), ("dev-clean-2",), ("test-other",))
    cuts = prepare_librispeech(librispeech_dir, tmp_path / "out", joined)
    assert {split: len(part) for split, part in cuts.items()} == {"train": 10, "dev": 2, "test": 2}


def test_a_part_is_named_once():
    with pytest.raises(ConfigError, match="a part occurs twice in train-clean-5, dev-clean-2, dev-clean-2"):
        LibriSpeechOptions(dev=("dev-clean-2",))
    with pytest.raises(ConfigError, match="expected one or more of each"):
        LibriSpeechOptions(test=())


def test_a_missing_recording_is_named_and_not_left_out(librispeech_dir, tmp_path):
    (librispeech_dir / CHAPTER / "84-7-0001.flac").unlink()
    with pytest.raises(CorpusError, match=re.escape("84-7.trans.txt:2: no recording 84-7-0001.flac beside it")):
        prepare_librispeech(librispeech_dir, tmp_path / "out", ONE)


def test_a_line_without_text_a_broken_recording_and_a_missing_part_are_named(librispeech_dir, tmp_path):
    (librispeech_dir / CHAPTER / "84-7-0001.flac").write_bytes(b"fLaC")
    with pytest.raises(CorpusError, match=r"(?s)part dev-clean-2: .*restore it"):
        prepare_librispeech(librispeech_dir, tmp_path / "out", ONE)
    (librispeech_dir / CHAPTER / "84-7.trans.txt").write_text("84-7-0000 \n")
    with pytest.raises(CorpusError, match=re.escape("84-7.trans.txt:1: found '84-7-0000 '")):
        prepare_librispeech(librispeech_dir, tmp_path / "out", ONE)
    with pytest.raises(CorpusError, match="fsaasr fetch librispeech DIR --part test-clean"):
        prepare_librispeech(librispeech_dir, tmp_path / "out", LibriSpeechOptions(test=("test-clean",)))


def test_downloads_are_lhotses_and_the_language_models_lie_beside(librispeech_dir, tmp_path):
    mirror = tmp_path / "mirror"
    for folder in ("11", "31"):
        (mirror / folder).mkdir(parents=True)
    with tarfile.open(mirror / "31" / "dev-clean-2.tar.gz", "w:gz") as tar:
        tar.add(librispeech_dir / "LibriSpeech" / "dev-clean-2", "LibriSpeech/dev-clean-2")
    (mirror / "11" / "3-gram.arpa.gz").write_bytes(gzip.compress(b"\\data\\\n"))
    (mirror / "11" / "librispeech-lexicon.txt").write_text("B B\nA AH0\nB B\n")
    files = ["3-gram.arpa.gz", "librispeech-lexicon.txt"]
    out = fetch_librispeech(tmp_path / "new", ["dev-clean-2"], files, base_url=mirror.as_uri())
    assert (out / "lm" / "lexicon.txt").read_text() == "A AH0\nB B\n"
    assert fetch_librispeech(out, ["dev-clean-2"], files, base_url="http://there.is.no.such.place.invalid") == out
    assert len(list((out / "LibriSpeech").rglob("*.flac"))) == 4
    assert (out / "lm" / "3-gram.arpa.gz").read_bytes() == (mirror / "11" / "3-gram.arpa.gz").read_bytes()
    with pytest.raises(CorpusError, match=r"fetch_librispeech: file:.*download by hand"):
        fetch_librispeech(tmp_path / "new", ["dev-clean-2"], ["4-gram.arpa.gz"], base_url=mirror.as_uri())
    with pytest.raises(CorpusError, match="no part 'dev-clean-3'"):
        fetch_librispeech(tmp_path / "new", ["dev-clean-3"], base_url=mirror.as_uri())
