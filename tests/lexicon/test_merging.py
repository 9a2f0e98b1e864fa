"""Merged lexicons: each policy said word by word."""

from __future__ import annotations

import math
from typing import Optional

import pytest
from hypothesis import given

from fsaasr.core.errors import LexiconError
from fsaasr.lexicon import Lexicon, differing_words, merge_lexicons
from fsaasr.lexicon.merging import CONFLICTS

from .strategies import lexicons


def said(lexicon: Lexicon, word: str) -> dict[tuple[str, ...], float]:
    return {entry.tokens: entry.log_prob for entry in lexicon.of(word)} if word in lexicon else {}


@given(lexicons(), lexicons())
def test_every_word_has_what_the_policy_says(first: Lexicon, second: Lexicon) -> None:
    words = set(first.words.names[1:]) | set(second.words.names[1:])
    for conflict in CONFLICTS[:3]:
        merged = merge_lexicons(first, second, conflict)
        assert set(merged.words.names[1:]) == words
        assert merged.silence == (first.silence or second.silence)
        for word in words:
            one, other = said(first, word), said(second, word)
            if conflict == "union":
                expected = {t: max(one.get(t, -math.inf), other.get(t, -math.inf)) for t in {**one, **other}}
            else:
                expected = (one or other) if conflict == "first" else (other or one)
            assert said(merged, word) == expected


@given(lexicons(), lexicons())
def test_weightings(first: Lexicon, second: Lexicon) -> None:
    kept, mean = (merge_lexicons(first, second, weighting=weighting) for weighting in ("first", "mean"))
    for word in set(first.words.names[1:]) & set(second.words.names[1:]):
        one, other = said(first, word), said(second, word)
        assert said(kept, word) == {**other, **one}
        for tokens, log_prob in said(mean, word).items():
            both: list[Optional[float]] = [one.get(tokens), other.get(tokens)]
            assert math.exp(log_prob) == pytest.approx(sum(math.exp(x) for x in both if x is not None) / 2)


@given(lexicons())
def test_a_lexicon_with_itself_is_itself(lexicon: Lexicon) -> None:
    for conflict in CONFLICTS:
        merged = merge_lexicons(lexicon, lexicon, conflict)
        assert sorted(merged.pronunciations, key=str) == sorted(lexicon.pronunciations, key=str)


def test_differences_are_named_where_they_are_errors() -> None:
    one, other = Lexicon.from_text("a AH\nb B IY\n"), Lexicon.from_text("b B EH\nb B IY\nc S IY\n")
    assert differing_words(one, other) == ("b",)
    with pytest.raises(LexiconError, match=r"1 words .*: b; 'b' is B IY and B EH or B IY; choose union"):
        merge_lexicons(one, other, "error")
    assert merge_lexicons(one, Lexicon.from_text("a AH\nc S IY\n"), "error").words.names[1:] == ("a", "b", "c")
    with pytest.raises(LexiconError, match="conflict 'both', weighting 'max'; expected one of union, first"):
        merge_lexicons(one, other, "both")  # type: ignore[arg-type]
