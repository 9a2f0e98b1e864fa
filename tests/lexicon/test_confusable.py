"""Confusable words, against all pairs of pronunciations."""

from __future__ import annotations

from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from fsaasr.lexicon import Lexicon, confusable

from .strategies import lexicons
from .test_neighbours import edits

LEXICON = Lexicon.from_text("to T UW\ntwo T UW\ntooth T UW TH\nsooth S UW TH\n")


@given(lexicons(), st.integers(0, 2))
def test_pairs_are_those_of_enumeration(lexicon: Lexicon, distance: int) -> None:
    found = {(pair.word, pair.other): pair for pair in confusable(lexicon, distance)}
    expected = {}
    for one, other in combinations(lexicon.words.names[1:], 2):
        nearest = min(edits(a.tokens, b.tokens) for a, b in product(lexicon.of(one), lexicon.of(other)))
        if nearest <= distance:
            expected[one, other] = nearest
    assert {words: pair.distance for words, pair in found.items()} == expected
    for (one, other), pair in found.items():
        assert edits(pair.tokens, pair.other_tokens) == pair.distance
        assert pair.tokens in {entry.tokens for entry in lexicon.of(one)}
        assert pair.other_tokens in {entry.tokens for entry in lexicon.of(other)}


def test_the_nearest_and_longest_come_first_and_weights_before_all() -> None:
    order = [(pair.word, pair.other) for pair in confusable(LEXICON)]
    assert order == [("to", "two"), ("sooth", "tooth"), ("to", "tooth"), ("tooth", "two")]
    weights = {("to", "tooth"): 0.5, ("to", "two"): 0.25, ("sooth", "tooth"): 0.0}
    weighed = confusable(LEXICON, overlap=lambda one, other: weights.get((one, other), 0.125))
    assert [(pair.word, pair.other, pair.weight) for pair in weighed] == [
        ("to", "tooth", 0.5),
        ("to", "two", 0.25),
        ("tooth", "two", 0.125),
    ]


def test_only_chosen_words_count() -> None:
    assert [(p.word, p.other) for p in confusable(LEXICON, 2, words=["to", "sooth", "zebra"])] == [("sooth", "to")]
