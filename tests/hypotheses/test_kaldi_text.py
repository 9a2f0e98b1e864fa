"""Kaldi's `text` and `utt2spk` files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from fsaasr.core.errors import HypothesisError, HypothesisFileError
from fsaasr.hypotheses import read_speakers, read_transcripts, write_transcripts

from ..evaluate.strategies import scored_sets

CORPORA = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"


@given(scored_sets())
@settings(max_examples=30)
def test_written_text_is_read_back(texts: Any) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "text"
        write_transcripts(texts[0], path)
        assert read_transcripts(path) == {utterance: tuple(words) for utterance, words in texts[0].items()}
        ids = [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines()]
        assert ids == sorted(ids)


def test_tabs_blank_lines_empty_transcripts_and_crlf(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbfu2\ta  cat\r\n\nu1\n")
    assert read_transcripts(path) == {"u2": ("a", "cat"), "u1": ()}


def test_speakers(tmp_path: Path) -> None:
    path = tmp_path / "utt2spk"
    path.write_text("u1 ann\nu2 bob\n")
    assert read_speakers(path) == {"u1": "ann", "u2": "bob"}


@pytest.mark.parametrize("read", [read_transcripts, read_speakers])
@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"u1 a\nu2 b\nu1 c\n", 3, "'u1' stands on an earlier line"),
        (b"u1 a\nu2 caf\xe9\n", 2, "byte 0xe9 is not UTF-8"),
        (b"u1 a\nu2\xc2\xa0b\n", 2, r"U\+00A0"),
        (b"u1 a\ru2 b\n", 1, r"U\+000D"),
        (b"", None, "no lines"),
        (b"\n \n", None, "no lines"),
    ],
)
def test_bad_lines_are_named(read: Any, content: bytes, line: int | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_bytes(content)
    with pytest.raises(HypothesisFileError, match=message) as caught:
        read(path)
    assert (caught.value.path, caught.value.line) == (str(path), line)


@pytest.mark.parametrize("content", ["u1 ann\nu2\n", "u1 ann\nu2 bob cem\n"])
def test_speaker_line_has_two_fields(content: str, tmp_path: Path) -> None:
    (tmp_path / "utt2spk").write_text(content)
    with pytest.raises(HypothesisFileError, match=r"utt2spk:2: found .*expected `utterance speaker`"):
        read_speakers(tmp_path / "utt2spk")


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(HypothesisFileError, match="text: cannot be read: No such file"):
        read_transcripts(tmp_path / "text")


@pytest.mark.parametrize("transcripts", [{"u 1": ["a"]}, {"": ["a"]}, {"u1": ["a b"]}, {"u1": [""]}, {"u1": "ab"}])
def test_what_could_not_be_read_back_is_not_written(transcripts: Any, tmp_path: Path) -> None:
    with pytest.raises(HypothesisError, match="write_transcripts: utterance"):
        write_transcripts(transcripts, tmp_path / "text")
    assert not list(tmp_path.iterdir())


@pytest.mark.corpus
@pytest.mark.skipif(not (CORPORA / "speechocean762_adult").is_dir(), reason="needs the speechocean762 corpus")
def test_speechocean_test_set() -> None:
    # 320 utterances of 16 speakers: the corpus' README.
    folder = CORPORA / "speechocean762_adult" / "test"
    text, speakers = read_transcripts(folder / "text"), read_speakers(folder / "utt2spk")
    assert len(text) == 320
    assert len({speakers[utterance] for utterance in text}) == 16
