"""The benchmark of pronunciations: its parts, and its figures on a toy lexicon."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fsaasr.lexicon import Lexicon, Pronunciation, write_lexicon
from tools.bench.g2p import DEV, TEST, divided, main, part_of

LEXICON = Lexicon(tuple(Pronunciation(a + b + c, (a, b, c)) for a in "abcde" for b in "abcde" for c in "abcde"))


def test_parts_are_disjoint_and_keep_a_words_pronunciations_together() -> None:
    double = Lexicon(
        (*LEXICON.pronunciations, *(Pronunciation(e.word, (*e.tokens, "x")) for e in LEXICON.pronunciations))
    )
    train, test = divided(double, DEV, [TEST])
    assert {part_of(entry.word) for entry in test.pronunciations} == {DEV}
    assert {part_of(entry.word) for entry in train.pronunciations} == set(range(10)) - {TEST, DEV}
    whole, held_out = divided(double, TEST, [])
    assert len(whole) + len(held_out) == len(double)


def test_words_said_as_they_are_spelt_are_learned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_lexicon(LEXICON, tmp_path / "lexiconp.txt")
    arguments = ["--lexicon", str(tmp_path / "lexiconp.txt"), "--out", str(tmp_path / "out.json")]
    assert main([*arguments, "--set", "order=2", "both_directions=1"]) == 0
    facts = json.loads((tmp_path / "out.json").read_text())
    (row,) = facts["rows"]
    assert row["words"] + facts["trained_on"] == 125
    assert (row["word_errors"], row["phone_errors"]) == (0, 0)
    assert "0.00 % of" in capsys.readouterr().out
