"""What a lexicon report says, against enumeration of all words and sequences of words."""

from __future__ import annotations

import json
from itertools import combinations, product

from hypothesis import given

from fsaasr.core.symbols import SymbolTable
from fsaasr.lexicon import Lexicon, lexicon_report

from .strategies import lexicons
from .test_neighbours import edits

LEXICON = Lexicon.from_text(
    "to T UW\ntwo T UW\ntoo T UW\ntooth T UW TH\nin IH N\ninto IH N T UW\nthe DH AH\nthe DH IY\nthee DH IY\n"
)


@given(lexicons())
def test_findings_are_those_of_enumeration(lexicon: Lexicon) -> None:
    report = lexicon_report(lexicon)
    words = lexicon.words.names[1:]
    said = {word: {entry.tokens for entry in lexicon.of(word)} for word in words}
    everything = set().union(*said.values())
    assert {tokens: set(names) for tokens, names in report.homophones} == {
        tokens: {word for word in words if tokens in said[word]}
        for tokens in everything
        if sum(tokens in said[word] for word in words) > 1
    }
    others = {word: set().union(*(said[w] for w in words if w != word)) for word in words}
    assert set(report.indistinct) == {word for word in words if said[word] <= others[word]}
    near = [pair for pair in combinations(words, 2) if any(edits(a, b) == 1 for a, b in product(*map(said.get, pair)))]
    assert report.near_pairs == len(near)
    assert {tuple(sorted(example[:2])) for example in report.near_examples} <= set(near)
    assert report.prefixes == sum(any(a != b and b[: len(a)] == a for b in everything) for a in everything)
    rows = {tuple(x for part in parts for x in part) for n in (2, 3) for parts in product(everything, repeat=n)}
    assert [compound[:2] for compound in report.compounds] == sorted(
        (entry.word, entry.tokens) for entry in lexicon.pronunciations if entry.tokens in rows
    )
    for _, tokens, parts in report.compounds:
        assert tokens in {tuple(x for part in row for x in part) for row in product(*(said[part] for part in parts))}


def test_the_findings_of_a_small_lexicon() -> None:
    report = lexicon_report(LEXICON, SymbolTable(["AH", "DH", "IH", "IY", "N", "T", "UW", "Z"]), ["<s>", "in", "of"])
    assert report.homophones == ((("DH", "IY"), ("the", "thee")), (("T", "UW"), ("to", "too", "two")))
    assert report.indistinct == ("thee", "to", "too", "two")
    assert report.compounds == (("into", ("IH", "N", "T", "UW"), ("in", "to")),)
    assert (report.missing_tokens, report.unreachable, report.unused_tokens) == (("TH",), ("tooth",), ("Z",))
    assert report.unpronounced == ("of",)
    assert report.unpredicted == ("into", "the", "thee", "to", "too", "tooth", "two")
    text = report.summary(limit=2)
    assert "pronunciations that are several words in a row: 1: into = in + to" in text
    assert "words that only a language model tells apart: 4: thee, to and 2 more" in text
    assert "tokens that the model lacks: 1: TH" in text
    # to, too, two with tooth; the with thee.
    assert "pairs of words that differ by one token: 4: " in text
    assert json.loads(json.dumps(report.to_dict()))["near_pairs"] == 4


def test_without_model_and_vocabulary_nothing_is_said_of_them() -> None:
    report = lexicon_report(Lexicon.from_text("a AH\n"))
    assert (report.unreachable, report.unused_tokens, report.unpronounced, report.unpredicted) == ((), (), (), ())
    assert report.summary().splitlines()[-1] == "pronunciations that are several words in a row: 0"
