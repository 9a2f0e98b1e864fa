"""Lexicon files: what is read, what is written, how a format is recognised."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from fsaasr.core.errors import LexiconError, LexiconFileError
from fsaasr.lexicon import Lexicon, OptionalSilence, Pronunciation, read_lexicon, strip_stress, write_lexicon
from fsaasr.lexicon.formats import format_lexicon

from .strategies import lexicons

CORPORA = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"


def words_and_tokens(lexicon: Lexicon) -> list[str]:
    return [f"{entry.word} {' '.join(entry.tokens)}" for entry in lexicon.pronunciations]


@given(lexicons())
def test_written_lexicon_is_read_back_exactly(lexicon: Lexicon) -> None:
    again = Lexicon.from_text(format_lexicon(lexicon), lexicon.silence, kind="lexiconp")
    assert again == lexicon
    assert again.hash == lexicon.hash


@given(lexicons())
def test_written_lexicon_is_recognised_as_lexiconp(lexicon: Lexicon) -> None:
    assert Lexicon.from_text(format_lexicon(lexicon), lexicon.silence) == lexicon


def test_probabilities_of_every_length_are_read_back_exactly() -> None:
    values = np.random.default_rng(0).random(3000)
    entries = tuple(Pronunciation("a", (f"T{i}",), math.log(value)) for i, value in enumerate(values))
    assert Lexicon.from_text(format_lexicon(Lexicon(entries)), kind="lexiconp").pronunciations == entries


def test_file_round_trip(tmp_path: Path) -> None:
    lexicon = Lexicon.from_text("to T UW\nto T AH\n", OptionalSilence())
    write_lexicon(lexicon, tmp_path / "lexiconp.txt")
    assert (tmp_path / "lexiconp.txt").read_text() == "to 1.0 T UW\nto 1.0 T AH\n"
    assert read_lexicon(tmp_path / "lexiconp.txt", OptionalSilence()) == lexicon


def test_lexicon_form_with_tabs_runs_of_spaces_blank_lines_and_crlf() -> None:
    lexicon = Lexicon.from_text("\ufeffto\tT  UW \r\n\r\n \ntwo T\tUW")
    assert words_and_tokens(lexicon) == ["to T UW", "two T UW"]
    assert all(entry.log_prob == 0.0 for entry in lexicon.pronunciations)


def test_probabilities_become_natural_logs() -> None:
    lexicon = Lexicon.from_text("a 1.0 AH\na .25 EY\nb 1 B\nc 5e-1 S\n")
    expected = [0.0, math.log(0.25), 0.0, math.log(0.5)]
    assert [entry.log_prob for entry in lexicon.pronunciations] == expected


def test_cmudict_form() -> None:
    # The layouts of cmudict-0.7b (comment lines) and of the later cmudict.dict (trailing comments, lower case).
    old = Lexicon.from_text(";;; # CMUdict\n#HASH-MARK  HH AE1 SH\nA  AH0\nA(1)  EY1\n)PAREN  P ER0\n")
    assert words_and_tokens(old) == ["#HASH-MARK HH AE1 SH", "A AH0", "A EY1", ")PAREN P ER0"]
    new = Lexicon.from_text("aalborg AO1 L # place, danish\na AH0\na(2) EY1\n")
    assert words_and_tokens(new) == ["aalborg AO1 L", "a AH0", "a EY1"]
    assert words_and_tokens(Lexicon.from_text("# HH AE1 SH # sign\n", kind="cmudict")) == ["# HH AE1 SH"]


def test_variant_without_its_word_is_cmudict_only_when_asked() -> None:
    text = "B B IY\nf(2) EH F\n"
    assert Lexicon.from_text(text).words.names[1:] == ("B", "f(2)")
    assert Lexicon.from_text(text, kind="cmudict").words.names[1:] == ("B", "f")


def test_tokens_that_look_like_numbers_stay_tokens() -> None:
    digits = Lexicon.from_text("10 1 0\n11 1 1\n25 2 5\n")
    assert words_and_tokens(digits) == ["10 1 0", "11 1 1", "25 2 5"]
    tokens = Lexicon.from_text("x 0.5 A\ny 1.0 B\n", kind="lexicon")
    assert words_and_tokens(tokens) == ["x 0.5 A", "y 1.0 B"]


def test_nothing_but_ones_is_not_guessed(tmp_path: Path) -> None:
    text = "10 1 0\n11 1 1\n"
    with pytest.raises(LexiconFileError, match=r"<text>:1: every second field is `1`.*pass kind="):
        Lexicon.from_text(text)
    assert words_and_tokens(Lexicon.from_text(text, kind="lexicon")) == ["10 1 0", "11 1 1"]
    assert words_and_tokens(Lexicon.from_text(text, kind="lexiconp")) == ["10 0", "11 1"]
    (tmp_path / "lexiconp.txt").write_text(text)
    assert words_and_tokens(read_lexicon(tmp_path / "lexiconp.txt")) == ["10 0", "11 1"]


@pytest.mark.parametrize(
    ("text", "line"),
    [("a 0.5 A\nb 1.0 B\nc K A\n", 3), ("a A\nb B\nc 0.25 K\n", 3), ("a A\nb 0.5 B\n", 1), ("a 1.0 A\nb B\n", 2)],
)
def test_mixture_of_formats_names_a_line_of_the_minority(text: str, line: int) -> None:
    with pytest.raises(LexiconFileError, match=r"give one on every line or on none, or pass kind=") as caught:
        Lexicon.from_text(text)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("text", "kind", "line", "message"),
    [
        ("a A\nb\n", "auto", 2, "'b' has no tokens"),
        ("a 1.0 A\nb 0.5\n", "auto", 2, "'b' has no tokens"),
        ("a A\na(2)\n", "cmudict", 2, "'a' has no tokens"),
        ("a A\na(2) # nothing\n", "cmudict", 2, "'a' has no tokens"),
        ("a 1.0 A\nb 1.5 B\n", "auto", 2, r"probability 1.5, expected a number in \(0, 1\]"),
        ("a 1.0 A\nb 0.0 B\n", "auto", 2, r"probability 0.0, expected a number in \(0, 1\]"),
        ("a 1.0 A\nb -0.5 B\n", "auto", 2, r"probability -0.5, expected a number in \(0, 1\]"),
        ("a 1.0 A\nb nan B\n", "lexiconp", 2, "probability nan"),
        ("a 1.0 A\nb B IY\n", "lexiconp", 2, "followed by 'B', expected a probability"),
        ("a\n", "lexiconp", 1, "followed by '', expected a probability"),
        ("a 1.0 0.5 1.2 0.9 A\n", "auto", 1, "second number 0.5.*lexiconp_silprob"),
        ("a A\n\nb B\na A\n", "auto", 4, "'a' has the pronunciation 'A' already on line 1"),
        ("a 1.0 A\na 0.5 A\n", "auto", 2, "'a' has the pronunciation 'A' already on line 1"),
        ("a A\nA B #0\n", "lexicon", 2, "'#0' is reserved"),
        ("a A\n<eps> B\n", "auto", 2, "'<eps>' is reserved"),
        ("a A\nb <blk> B\n", "auto", 2, "'<blk>' is reserved"),
        ("a A\n</s> B\n", "auto", 2, "'</s>' is reserved"),
        ("a A\nb\u00a0B\n", "auto", 2, r"U\+00A0"),
        ("a A\nb B\x0b\n", "auto", 2, r"U\+000B"),
        ("a A\nb\u3000B\n", "auto", 2, r"U\+3000"),
        ("a A\rb B\n", "auto", 1, r"U\+000D"),
        ("a A\nb\ufeff B\n", "auto", 2, r"U\+FEFF"),
        ("", "auto", None, "no entries"),
        ("\n \n", "auto", None, "no entries"),
        (";;; only comments\n", "auto", None, "no entries"),
    ],
)
def test_bad_input_names_file_and_line(text: str, kind: str, line: int | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(text.encode())
    with pytest.raises(LexiconFileError, match=message) as caught:
        read_lexicon(path, kind=kind)  # type: ignore[arg-type]
    assert (caught.value.path, caught.value.line) == (str(path), line)
    assert str(caught.value).startswith(f"{path}:{line}: " if line else f"{path}: ")


def test_bytes_that_are_not_utf8_name_their_line(tmp_path: Path) -> None:
    path = tmp_path / "latin1.txt"
    path.write_bytes("a A\nb B\ncafé K AE\n".encode("latin-1"))
    with pytest.raises(LexiconFileError, match=r"latin1.txt:3: byte 0xe9 is not UTF-8"):
        read_lexicon(path)


def test_absent_file_and_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(LexiconFileError, match=r"lexicon.txt: cannot be read: No such file"):
        read_lexicon(tmp_path / "lexicon.txt")
    with pytest.raises(LexiconError, match=r"kind is 'kaldi', expected one of auto, lexicon"):
        Lexicon.from_text("a A", kind="kaldi")  # type: ignore[arg-type]


def test_probability_too_small_to_write_is_an_error() -> None:
    with pytest.raises(LexiconError, match=r"'a' has log_prob -800.0"):
        format_lexicon(Lexicon((Pronunciation("a", ("A",), -800.0),)))


def test_log_probability_that_no_probability_has_is_written_to_the_last_bits() -> None:
    lexicon = Lexicon((Pronunciation("a", ("A",), -1e-18), Pronunciation("a", ("B",), -0.1)))
    again = Lexicon.from_text(format_lexicon(lexicon), kind="lexiconp")
    assert [entry.log_prob for entry in again.pronunciations] == pytest.approx([-1e-18, -0.1], rel=1e-15, abs=1e-15)


def test_strip_stress_merges_with_the_larger_probability() -> None:
    lexicon = Lexicon.from_text("a 0.25 AH0\na 0.5 AH1\na 1.0 EY1\nx 1.0 EH1 K S 2\n", OptionalSilence("SIL0"))
    plain = strip_stress(lexicon)
    assert format_lexicon(plain) == "a 0.5 AH\na 1.0 EY\nx 1.0 EH K S 2\n"
    assert plain.silence == lexicon.silence
    assert strip_stress(plain) == plain


@pytest.mark.corpus
@pytest.mark.skipif(not (CORPORA / "an4").is_dir(), reason="needs the AN4 corpus")
def test_an4_dictionary() -> None:
    # 130 lines, of which 29 are `WORD(2)` or `WORD(3)`: wc -l and grep -c '(' of the file.
    lexicon = read_lexicon(CORPORA / "an4" / "etc" / "an4.dic")
    assert (len(lexicon), len(lexicon.words) - 1) == (130, 130 - 29)
    assert [entry.tokens for entry in lexicon.of("A")] == [("AH",), ("EY",)]


@pytest.mark.corpus
@pytest.mark.skipif(not (CORPORA / "speechocean762_adult").is_dir(), reason="needs the speechocean762 corpus")
def test_speechocean_lexicon_with_stress() -> None:
    lexicon = read_lexicon(CORPORA / "speechocean762_adult" / "resource" / "lexicon.txt")
    plain = strip_stress(lexicon)
    assert len(lexicon) == 2861  # wc -l
    assert len(plain.tokens) - 1 == 39  # the ARPAbet phones of CMUdict
    assert plain.words == lexicon.words
