"""CMUdict lists `mormonism(2)` and `tribalism(2)` with the very tokens of `mormonism` and `tribalism`."""

from __future__ import annotations

import warnings

import pytest

from fsaasr.core.errors import LexiconFileError
from fsaasr.lexicon import Lexicon

TEXT = "a AH0\nmormonism M AO1 R M AH0 N IH0 Z AH0 M\nmormonism(2) M AO1 R M AH0 N IH0 Z AH0 M\n"


def test_a_repeat_is_left_out_and_told() -> None:
    with pytest.warns(UserWarning, match=r"left out 1 repeated pronunciations: mormonism\(2\) \(line 3\)$"):
        lexicon = Lexicon.from_text(TEXT)
    assert [entry.word for entry in lexicon.pronunciations] == ["a", "mormonism"]


def test_another_pronunciation_is_kept_without_a_word() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(Lexicon.from_text(TEXT.replace("(2) M", "(2) N"))) == 3


def test_other_formats_refuse_it() -> None:
    with pytest.raises(LexiconFileError, match="already on line 1"):
        Lexicon.from_text("a AH\na AH\n")
