"""Pruned lexicons: what stays is what was asked for."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import LexiconError
from fsaasr.lexicon import Lexicon, prune_lexicon

from .strategies import lexicons


@given(lexicons(), st.sets(st.sampled_from(["a", "b", "ab", "1"])), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_words_and_then_pronunciations_go(lexicon: Lexicon, words: set[str], least: float) -> None:
    expected = [entry for entry in lexicon.pronunciations if entry.word in words]
    best = {word: max(entry.log_prob for entry in lexicon.of(word)) for word in lexicon.words.names[1:]}
    expected = [entry for entry in expected if math.exp(entry.log_prob - best[entry.word]) >= least - 1e-12]
    if expected:
        pruned = prune_lexicon(lexicon, vocabulary=words, min_probability=least)
        assert list(pruned.pronunciations) == expected
        assert pruned.silence == lexicon.silence
        assert set(pruned.words.names[1:]) == words & set(lexicon.words.names)
    else:
        with pytest.raises(LexiconError, match=r"none of .* words is left"):
            prune_lexicon(lexicon, vocabulary=words, min_probability=least)


@given(lexicons(), st.integers(1, 3))
def test_the_most_probable_pronunciations_stay(lexicon: Lexicon, count: int) -> None:
    pruned = prune_lexicon(lexicon, max_pronunciations=count)
    for word in lexicon.words.names[1:]:
        best = sorted(-entry.log_prob for entry in lexicon.of(word))[:count]
        assert sorted(-entry.log_prob for entry in pruned.of(word)) == best
    assert [e for e in lexicon.pronunciations if e in set(pruned.pronunciations)] == list(pruned.pronunciations)


def test_rare_words_go_unless_they_are_kept() -> None:
    lexicon = Lexicon.from_text("a AH\na EY\nb B IY\nc S IY\n<unk> SPN\n")
    counts = Counter(["a", "a", "b", "b", "b"])
    assert prune_lexicon(lexicon, counts=counts, min_count=3).words.names[1:] == ("b",)
    kept = prune_lexicon(lexicon, counts=counts, min_count=2, keep=["<unk>"])
    assert kept.words.names[1:] == ("<unk>", "a", "b")


@pytest.mark.parametrize("options", [{"min_probability": 2.0}, {"min_probability": -1.0}, {"max_pronunciations": 0}])
def test_bounds_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(LexiconError, match="expected 0 to 1, and at least 1"):
        prune_lexicon(Lexicon.from_text("a AH\n"), **options)
