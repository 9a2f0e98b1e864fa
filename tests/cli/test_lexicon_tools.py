"""`fsaasr lexicon`: check, merge, prune, coverage, confusable, convert, on files and lang directories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable

import pytest

from fsaasr.grammar import estimate_ngram, write_arpa
from fsaasr.lexicon import Lexicon, OptionalSilence, read_lang, read_lexicon, write_lang
from tests.cli.conftest import invoke

Fails = Callable[..., str]

TEXT = "to T UW\ntwo T UW\ntooth T UW TH\ncat K AE T\n"


@pytest.fixture
def lexicon(tmp_path: Path) -> Path:
    (tmp_path / "lexicon.txt").write_text(TEXT)
    return tmp_path / "lexicon.txt"


def test_a_lexicon_is_checked(lexicon: Path, tmp_path: Path, fails: Fails) -> None:
    write_arpa(estimate_ngram([["two", "dogs"]], 1), tmp_path / "1.arpa")
    (tmp_path / "tokens.txt").write_text("<blk>\nT\nUW\nK\nAE\nZH\n")
    arguments = ("--arpa", tmp_path / "1.arpa", "--tokens", tmp_path / "tokens.txt", "--json", tmp_path / "out.json")
    result = invoke("lexicon", "check", lexicon, *arguments)
    assert result.exit_code == 0, result.output
    for line in (
        "token sequences that several words share: 1: to/two (T UW)",
        "words that the model can never say: 1: tooth",
        "words of the vocabulary without pronunciation: 1: dogs",
        "words that the vocabulary lacks: 3: cat, to, tooth",
        "tokens of the model without a word: 1: ZH",
    ):
        assert line in result.output
    assert json.loads((tmp_path / "out.json").read_text())["unreachable"] == ["tooth"]
    assert "not both" in invoke("lexicon", "check", lexicon, "--arpa", "a", "--words", "b").output
    assert "none.txt: cannot be read" in fails("lexicon", "check", tmp_path / "none.txt")


def test_lexicons_are_merged(lexicon: Path, tmp_path: Path, fails: Fails) -> None:
    (tmp_path / "own.txt").write_text("cat K AA T\ndog D AO G\n")
    result = invoke("lexicon", "merge", lexicon, tmp_path / "own.txt", tmp_path / "both.txt", "--conflict", "second")
    assert result.output.endswith(
        "5 pronunciations of 5 words; 1 words were pronounced otherwise in the second lexicon\n"
    )
    merged = read_lexicon(tmp_path / "both.txt")
    assert [entry.tokens for entry in merged.of("cat")] == [("K", "AA", "T")]
    arguments = (lexicon, tmp_path / "own.txt", tmp_path / "none.txt", "--conflict", "error")
    assert "'cat' is K AE T and K AA T" in fails("lexicon", "merge", *arguments)
    assert not (tmp_path / "none.txt").exists()
    assert invoke("lexicon", "merge", *arguments[:3], "--weighting", "mean").exit_code == 0
    assert [round(entry.log_prob, 3) for entry in read_lexicon(tmp_path / "none.txt").of("cat")] == [-0.693, -0.693]


def test_lexicons_are_pruned(lexicon: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("to to two\n")
    counted = ("--text", tmp_path / "text", "--min-count", 2, "--keep", "cat")
    result = invoke("lexicon", "prune", lexicon, tmp_path / "out.txt", *counted)
    assert result.output == f"{tmp_path / 'out.txt'}: 2 of 4 pronunciations, 2 of 4 words\n"
    assert read_lexicon(tmp_path / "out.txt").words.names[1:] == ("cat", "to")
    assert invoke("lexicon", "prune", lexicon, tmp_path / "o.txt", "--vocabulary", tmp_path / "text").exit_code == 0
    assert read_lexicon(tmp_path / "o.txt").words.names[1:] == ("to", "two")
    assert "go together" in invoke("lexicon", "prune", lexicon, tmp_path / "o.txt", "--text", tmp_path / "text").output


def test_a_lang_directory_stays_one(tmp_path: Path) -> None:
    write_lang(Lexicon.from_text(TEXT, OptionalSilence("SIL", 0.25)), tmp_path / "lang")
    (tmp_path / "text").write_text("to cat\n")
    result = invoke("lexicon", "prune", tmp_path / "lang", tmp_path / "out", "--vocabulary", tmp_path / "text")
    assert result.exit_code == 0, result.output
    assert read_lang(tmp_path / "out") == Lexicon.from_text("to T UW\ncat K AE T\n", OptionalSilence("SIL", 0.25))


def test_coverage_of_a_text(lexicon: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("to dog two\ndog eel\n")
    result = invoke("lexicon", "coverage", lexicon, tmp_path / "text", "--missing", tmp_path / "oov")
    assert "2 of 4 distinct (50.00 %), 60.00 % of 5 running" in result.output
    assert "missing words: dog (2) eel (1)" in result.output
    assert (tmp_path / "oov").read_text() == "dog\neel\n"


def test_confusable_words_are_listed(lexicon: Path, tmp_path: Path) -> None:
    assert invoke("lexicon", "confusable", lexicon).output.splitlines() == [
        "to\ttwo\t0\t1\tT UW\tT UW",
        "to\ttooth\t1\t1\tT UW\tT UW TH",
        "tooth\ttwo\t1\t1\tT UW TH\tT UW",
    ]
    write_arpa(estimate_ngram([["to", "two", "cat"], ["to", "tooth"], ["to", "two"]], 2), tmp_path / "2.arpa")
    result = invoke("lexicon", "confusable", lexicon, tmp_path / "pairs", "--arpa", tmp_path / "2.arpa")
    assert result.output == f"{tmp_path / 'pairs'}: 3 pairs\n"
    assert (tmp_path / "pairs").read_text().startswith("tooth\ttwo\t1\t0.")


def test_phones_are_converted(tmp_path: Path, fails: Fails) -> None:
    (tmp_path / "a.txt").write_text("cat K AE1 T\n")
    arguments = ("lexicon", "convert", tmp_path / "a.txt", tmp_path / "b.txt", "--from", "arpabet-stress", "--to")
    assert invoke(*arguments, "ipa").exit_code == 0
    assert read_lexicon(tmp_path / "b.txt").of("cat")[0].tokens == ("k", "ˈæ", "t")
    assert "phone set 'sampa', expected one of" in fails(*arguments, "sampa")


def test_silence_of_words_is_not_lost(tmp_path: Path, fails: Fails) -> None:
    (tmp_path / "lexiconp_silprob.txt").write_text("NO 1.0 0.75 1.5 0.5 N\n")
    (tmp_path / "text").write_text("NO\n")
    path = tmp_path / "lexiconp_silprob.txt"
    message = fails("lexicon", "prune", path, tmp_path / "out.txt", "--vocabulary", tmp_path / "text")
    assert "make a lang directory first" in message
