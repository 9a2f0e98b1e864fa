"""The `Lexicon` type: tables, look-up, homophones, refusals."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given

from fsaasr.core.errors import LexiconError
from fsaasr.lexicon import Lexicon, OptionalSilence, Pronunciation

from .strategies import lexicons

TEXT = "two T UW\nto T UW\nto T AH\ncat K AE T\n"


@given(lexicons())
def test_tables_hold_each_symbol_once_in_code_point_order(lexicon: Lexicon) -> None:
    words = lexicon.words.names[1:]
    assert list(words) == sorted({entry.word for entry in lexicon.pronunciations})
    tokens = list(lexicon.tokens.names[1:])
    used = {token for entry in lexicon.pronunciations for token in entry.tokens}
    if lexicon.silence:
        assert tokens.pop(0) == lexicon.silence.token
        used.discard(lexicon.silence.token)
    assert tokens == sorted(used)


@given(lexicons())
def test_looking_up_every_word_gives_the_whole_lexicon(lexicon: Lexicon) -> None:
    found = [entry for word in lexicon.words.names[1:] for entry in lexicon.of(word)]
    assert sorted(found, key=repr) == sorted(lexicon.pronunciations, key=repr)
    assert all(word in lexicon for word in lexicon.words.names[1:])
    assert "no such word" not in lexicon


@given(lexicons())
def test_homophones_are_the_sequences_that_several_entries_have(lexicon: Lexicon) -> None:
    sequences = [entry.tokens for entry in lexicon.pronunciations]
    expected = {s: tuple(e.word for e in lexicon.pronunciations if e.tokens == s) for s in sequences}
    assert lexicon.homophones() == {s: words for s, words in expected.items() if sequences.count(s) > 1}


def test_pronunciations_keep_the_order_of_the_lexicon() -> None:
    lexicon = Lexicon.from_text(TEXT)
    assert [entry.tokens for entry in lexicon.of("to")] == [("T", "UW"), ("T", "AH")]
    assert lexicon.homophones() == {("T", "UW"): ("two", "to")}
    assert len(lexicon) == 4


def test_hash_tells_every_difference_of_content() -> None:
    lexicon = Lexicon.from_text(TEXT)
    entries = lexicon.pronunciations
    others = [
        Lexicon(entries, OptionalSilence()),
        Lexicon(entries, OptionalSilence("sil")),
        Lexicon(entries, OptionalSilence(probability=0.25)),
        Lexicon(entries[::-1]),
        Lexicon((dataclasses.replace(entries[0], log_prob=-0.25), *entries[1:])),
    ]
    assert lexicon.hash == Lexicon.from_text(TEXT).hash
    assert len({lexicon.hash, *(other.hash for other in others)}) == 6


def test_unknown_word_is_named() -> None:
    with pytest.raises(LexiconError, match="'dog' among 3 words"):
        Lexicon.from_text(TEXT).of("dog")


@pytest.mark.parametrize("log_prob", [0.25, math.inf, -math.inf, math.nan])
def test_log_probability_out_of_range_is_refused(log_prob: float) -> None:
    with pytest.raises(LexiconError, match=r"'cat' has log_prob .*\(0, 1\]"):
        Pronunciation("cat", ("K",), log_prob)


@pytest.mark.parametrize("probability", [0.0, 1.0, -0.5, math.nan])
def test_silence_probability_out_of_range_is_refused(probability: float) -> None:
    with pytest.raises(LexiconError, match="0 < p < 1"):
        OptionalSilence("SIL", probability)


@pytest.mark.parametrize("symbol", ["<eps>", "#0", "#12", "<blk>", "<s>", "</s>", "", "a b", "a\u00a0b"])
def test_reserved_and_malformed_symbols_are_refused_everywhere(symbol: str) -> None:
    with pytest.raises(LexiconError, match="symbol"):
        Lexicon((Pronunciation(symbol, ("K",)),))
    with pytest.raises(LexiconError, match="symbol"):
        Lexicon((Pronunciation("cat", ("K", symbol)),))
    with pytest.raises(LexiconError, match="symbol"):
        OptionalSilence(symbol)


def test_symbols_that_only_look_reserved_are_allowed() -> None:
    lexicon = Lexicon((Pronunciation("#hash", ("#", "h#1")), Pronunciation("<unk>", ("SPN",))))
    assert lexicon.tokens.names[1:] == ("#", "SPN", "h#1")


def test_empty_lexicon_empty_pronunciation_and_repeats_are_refused() -> None:
    cat = Pronunciation("cat", ("K",))
    with pytest.raises(LexiconError, match="no pronunciations"):
        Lexicon(())
    with pytest.raises(LexiconError, match="'cat' has no tokens"):
        Pronunciation("cat", ())
    with pytest.raises(LexiconError, match="'cat' has the pronunciation 'K' twice"):
        Lexicon((cat, dataclasses.replace(cat, log_prob=-1.0)))
