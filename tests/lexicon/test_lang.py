"""Lang directories: round trip, other tools' view, and directories that do not hold together."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings

from fsaasr.core.errors import LexiconFileError
from fsaasr.core.symbols import SymbolTable
from fsaasr.lexicon import Lexicon, OptionalSilence, read_lang, write_lang

from .strategies import lexicons

LEXICON = Lexicon.from_text("to T UW\ntwo T UW\na AH\n", OptionalSilence("SIL", 0.25))


@given(lexicons())
@settings(max_examples=30)
def test_round_trip(lexicon: Lexicon) -> None:
    with tempfile.TemporaryDirectory() as directory:
        write_lang(lexicon, directory)
        again = read_lang(directory)
        assert again == lexicon
        assert SymbolTable.read(Path(directory) / "words.txt") == lexicon.words
        assert SymbolTable.read(Path(directory) / "tokens.txt") == lexicon.tokens


def test_files_are_those_of_kaldi(tmp_path: Path) -> None:
    write_lang(LEXICON, tmp_path)
    assert (tmp_path / "words.txt").read_text() == "<eps> 0\na 1\nto 2\ntwo 3\n"
    assert (tmp_path / "tokens.txt").read_text() == "<eps> 0\nSIL 1\nAH 2\nT 3\nUW 4\n"
    assert (tmp_path / "lexiconp.txt").read_text() == "to 1.0 T UW\ntwo 1.0 T UW\na 1.0 AH\n"
    assert json.loads((tmp_path / "lang.json").read_text())["silence"] == {"token": "SIL", "probability": 0.25}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lang.json", "lexiconp.txt", "tokens.txt", "words.txt"]


def test_rewriting_replaces_the_whole_content(tmp_path: Path) -> None:
    write_lang(LEXICON, tmp_path)
    other = Lexicon.from_text("yes Y EH S\n")
    write_lang(other, tmp_path)
    assert read_lang(tmp_path) == other


@pytest.mark.parametrize("name", ["lexiconp.txt", "words.txt", "tokens.txt"])
def test_half_replaced_directory_is_noticed(name: str, tmp_path: Path) -> None:
    write_lang(LEXICON, tmp_path / "old")
    write_lang(Lexicon.from_text("yes Y EH S\n"), tmp_path / "new")
    (tmp_path / "old" / name).write_bytes((tmp_path / "new" / name).read_bytes())
    with pytest.raises(LexiconFileError, match=f"{name}: changed since .* run write_lang again"):
        read_lang(tmp_path / "old")


@pytest.mark.parametrize("name", ["lexiconp.txt", "words.txt", "tokens.txt", "lang.json"])
def test_missing_file_is_named(name: str, tmp_path: Path) -> None:
    write_lang(LEXICON, tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(LexiconFileError, match=f"{name}: cannot be read"):
        read_lang(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not a lang directory of format"),
        ('{"format": "fsaasr.Lang.0", "hashes": {}}', "not a lang directory of format"),
    ],
)
def test_malformed_meta_file(text: str, message: str, tmp_path: Path) -> None:
    write_lang(LEXICON, tmp_path)
    (tmp_path / "lang.json").write_text(text)
    with pytest.raises(LexiconFileError, match=f"lang.json: {message}"):
        read_lang(tmp_path)


@pytest.mark.parametrize("silence", [{}, {"token": "SIL"}, {"token": "SIL", "probability": 2}, "SIL", 3])
def test_malformed_silence(silence: object, tmp_path: Path) -> None:
    write_lang(LEXICON, tmp_path)
    meta = json.loads((tmp_path / "lang.json").read_text())
    (tmp_path / "lang.json").write_text(json.dumps({**meta, "silence": silence}))
    with pytest.raises(LexiconFileError, match=r"lang.json: malformed silence"):
        read_lang(tmp_path)
