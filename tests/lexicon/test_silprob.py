"""Kaldi's files of word-dependent silence: round trips, an example in its own words, refusals with file and line."""

from __future__ import annotations

import math
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from fsaasr.core.errors import LexiconError, LexiconFileError
from fsaasr.lexicon import (
    Lexicon,
    OptionalSilence,
    SilenceWeights,
    read_lang,
    read_lexicon,
    read_silprob,
    strip_stress,
    write_lang,
    write_lexicon_silprob,
)

from .strategies import weighted_lexicons

# The example in the usage message and comments of Kaldi's make_lexicon_fst_silprob.py.
SILPROB = "<s> 0.99\n</s>_s 2.50607106867326\n</s>_n 0.00653829808100956\noverall 0.20\n"
LEXICONP = "a   1.0  0.8 1.2  0.6  ay\nhello 1.0 0.5 0.3 0.6 h eh l ow\n"


def kaldis_example(folder: Path) -> Lexicon:
    (folder / "silprob.txt").write_text(SILPROB)
    (folder / "lexiconp_silprob.txt").write_text(LEXICONP)
    return read_lexicon(folder / "lexiconp_silprob.txt", read_silprob(folder / "silprob.txt", "sil"))


def test_kaldis_own_example_is_read(tmp_path: Path) -> None:
    lexicon = kaldis_example(tmp_path)
    assert lexicon.silence == OptionalSilence("sil", 0.2, SilenceWeights(0.99, 2.50607106867326, 0.00653829808100956))
    assert [entry.silence for entry in lexicon.pronunciations] == [
        SilenceWeights(0.8, 1.2, 0.6),
        SilenceWeights(0.5, 0.3, 0.6),
    ]
    assert lexicon.tokens.names == ("<eps>", "sil", "ay", "eh", "h", "l", "ow")
    assert lexicon.word_dependent_silence


def test_what_is_written_is_what_kaldi_reads(tmp_path: Path) -> None:
    write_lexicon_silprob(kaldis_example(tmp_path), tmp_path)
    assert (tmp_path / "silprob.txt").read_text() == SILPROB.replace("0.20", "0.2")
    expected = "a 1.0 0.8 1.2 0.6 ay\nhello 1.0 0.5 0.3 0.6 h eh l ow\n"
    assert (tmp_path / "lexiconp_silprob.txt").read_text() == expected


@given(weighted_lexicons())
@settings(max_examples=30)
def test_round_trips(lexicon: Lexicon) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_lexicon_silprob(lexicon, folder)
        silence = read_silprob(Path(folder) / "silprob.txt", "<sil>")
        again = read_lexicon(Path(folder) / "lexiconp_silprob.txt", silence)
        assert again == lexicon
        assert again.hash == lexicon.hash
        write_lang(lexicon, folder)
        assert read_lang(folder) == lexicon


def test_weights_that_say_nothing_new_are_those_of_the_lexicon(tmp_path: Path) -> None:
    usual = SilenceWeights(0.25)
    plain = Lexicon.from_text("a AH\nb B\n", OptionalSilence("SIL", 0.25))
    explicit = Lexicon(
        tuple(replace(entry, silence=usual) for entry in plain.pronunciations), OptionalSilence("SIL", 0.25, usual)
    )
    write_lexicon_silprob(explicit, tmp_path)
    assert read_lexicon(tmp_path / "lexiconp_silprob.txt", read_silprob(tmp_path / "silprob.txt")) == plain


def test_every_weight_is_part_of_the_hash() -> None:
    plain = Lexicon.from_text("a AH\n", OptionalSilence("SIL", 0.25))
    weights = [SilenceWeights(0.5), SilenceWeights(0.5, 2.0), SilenceWeights(0.5, 1.0, 2.0)]
    words = [Lexicon((replace(plain.pronunciations[0], silence=own),), plain.silence) for own in weights]
    ends = [Lexicon(plain.pronunciations, OptionalSilence("SIL", 0.25, own)) for own in weights]
    assert len({lexicon.hash for lexicon in (plain, *words, *ends)}) == 7


def test_a_lang_directory_forgets_weights_that_the_lexicon_lost(tmp_path: Path) -> None:
    lexicon = kaldis_example(tmp_path)
    write_lang(lexicon, tmp_path / "lang")
    assert read_lang(tmp_path / "lang") == lexicon
    plain = Lexicon.from_text("a AH\n", OptionalSilence())
    write_lang(plain, tmp_path / "lang")
    assert read_lang(tmp_path / "lang") == plain
    assert not (tmp_path / "lang" / "silprob.txt").exists()


def test_a_lang_directory_notices_other_weights(tmp_path: Path) -> None:
    write_lang(kaldis_example(tmp_path), tmp_path / "lang")
    (tmp_path / "lang" / "silprob.txt").write_text(SILPROB.replace("0.99", "0.9"))
    with pytest.raises(LexiconFileError, match=r"silprob.txt: changed since"):
        read_lang(tmp_path / "lang")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a", "'a' is followed by ''"),
        ("a 1.0 AH", r":2: word 'a' has 2 numbers; expected 4|is 'AH', expected a number"),
        ("a 1.0 0.5 1.0 AH AH", ":2: word 'a': correction for no silence before is 'AH', expected a number"),
        ("a 1.0 0.5 1.0 1.0", ":2: word 'a' has no tokens"),
        ("a 1.0 1.0 1.0 1.0 AH", ":2: word 'a': SilenceWeights: probability 1.0 of silence after, expected 0 < p < 1"),
        ("a 1.0 0.5 0.0 1.0 AH", ":2: word 'a': SilenceWeights: correction before is 0.0, expected a number > 0"),
        ("a 1.0 0.5 1.0 inf AH", ":2: word 'a': SilenceWeights: correction not_before is inf"),
        ("a 2.0 0.5 1.0 1.0 AH", ":2: word 'a' has probability 2.0"),
    ],
)
def test_bad_lines_are_named(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "lexiconp_silprob.txt"
    path.write_text(f"b 1.0 0.5 1.0 1.0 B\n{line}\n")
    with pytest.raises(LexiconFileError, match=message):
        read_lexicon(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SILPROB.replace("overall 0.20\n", ""), "no line 'overall'"),
        (SILPROB + "<s> 0.5\n", ":5: found '<s> 0.5', expected a label and a number, once each"),
        (SILPROB.replace("</s>_s", "</s>"), r":2: found '</s> 2.5\d+', expected a label"),
        (SILPROB.replace("0.99", "much"), ":1: '<s>' is 'much', expected a number"),
        (SILPROB.replace("0.99", "1.0"), "probability 1.0 of silence after"),
        (SILPROB.replace("0.20", "0"), "probability 0.0, expected 0 < p < 1"),
    ],
)
def test_bad_silence_files_are_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "silprob.txt"
    path.write_text(text)
    with pytest.raises(LexiconFileError, match=f"silprob.txt.*{message}"):
        read_silprob(path)


def test_stress_goes_and_the_better_pronunciation_keeps_its_weights() -> None:
    text = "a 0.25 0.5 1.0 1.0 AH0\na 0.5 0.75 1.0 2.0 AH1\na 1.0 0.125 1.0 1.0 EY1\n"
    lexicon = Lexicon.from_text(text, OptionalSilence(), kind="lexiconp_silprob")
    assert [(e.log_prob, e.silence) for e in strip_stress(lexicon).pronunciations] == [
        (math.log(0.5), SilenceWeights(0.75, 1.0, 2.0)),
        (0.0, SilenceWeights(0.125)),
    ]


def test_a_lexicon_without_silence_has_no_weights_of_it(tmp_path: Path) -> None:
    lexicon = Lexicon.from_text("a AH\n")
    with pytest.raises(LexiconError, match="no optional silence"):
        lexicon.silence_weights()
    with pytest.raises(LexiconError, match="no optional silence"):
        write_lexicon_silprob(lexicon, tmp_path)
