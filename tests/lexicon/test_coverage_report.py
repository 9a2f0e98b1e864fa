"""Coverage: missing words with counts, missing tokens, unreachable words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import LexiconError
from fsaasr.core.symbols import SymbolTable
from fsaasr.lexicon import Lexicon, OptionalSilence, coverage

from .strategies import lexicons

LEXICON = Lexicon.from_text("a AH\na EY\ncat K AE T\nsat S AE T\n", OptionalSilence())


@given(lexicons(), st.lists(st.sampled_from(["a", "b", "ab", "dog"]), min_size=1))
def test_words_are_covered_or_missing(lexicon: Lexicon, words: list[str]) -> None:
    report = coverage(lexicon, words)
    assert {word for word, _ in report.missing} == {word for word in words if word not in lexicon}
    assert sum(count for _, count in report.missing) == sum(word not in lexicon for word in words)
    assert report.running_words == len(words)
    assert 0 <= report.oov_rate <= 1
    assert report.complete == (not report.missing)


@given(lexicons(), st.sets(st.sampled_from(["X", "Y", "1", "<sil>", "SIL", "Z"])))
def test_unreachable_words_are_those_without_a_whole_pronunciation(lexicon: Lexicon, names: set[str]) -> None:
    report = coverage(lexicon, "a", SymbolTable(sorted(names)))
    for word in lexicon.words.names[1:]:
        spellable = any(set(entry.tokens) <= names for entry in lexicon.of(word))
        assert (word in report.unreachable) == (not spellable)
    assert set(report.missing_tokens) | names >= set(lexicon.tokens.names[1:])
    assert not set(report.missing_tokens) & names
    assert set(report.unused_tokens) == names - set(lexicon.tokens.names)


def test_text_lines_and_words_are_the_same() -> None:
    text = "a cat\nsat a dog\n"
    assert coverage(LEXICON, text) == coverage(LEXICON, text.splitlines()) == coverage(LEXICON, text.split())


def test_worked_example() -> None:
    model = SymbolTable(["<blk>", "AH", "K", "AE", "T", "ZH"])
    report = coverage(LEXICON, ["a dog sat", "a dog saw", "cat"], model)
    assert (report.running_words, report.distinct_words) == (7, 5)
    assert report.missing == (("dog", 2), ("saw", 1))
    assert report.oov_rate == pytest.approx(3 / 7)
    assert report.distinct_oov_rate == pytest.approx(2 / 5)
    assert report.missing_tokens == ("EY", "S", "SIL")
    assert report.unreachable == ("sat",)  # `a` still has AH
    assert report.needed_unreachable == (("sat", 1),)
    assert report.unused_tokens == ("ZH",)
    assert not report.complete
    assert report.summary() == (
        "words: 2 of 5 distinct (40.00 %), 42.86 % of 7 running, are not in the lexicon\n"
        "missing words: dog (2) saw (1)\n"
        "tokens that the model lacks: EY S SIL\n"
        "words that the model cannot emit: sat\n"
        "tokens without a word: ZH"
    )
    assert json.loads(json.dumps(report.to_dict()))["missing"] == [["dog", 2], ["saw", 1]]


def test_summary_is_cut_with_a_count() -> None:
    assert coverage(LEXICON, "p q r s").summary(limit=2).endswith("missing words: p (1) q (1) and 2 more")


def test_vocabulary_of_a_grammar_is_taken_without_its_sentence_marks() -> None:
    report = coverage(LEXICON, ("<s>", "</s>", "<unk>", "a", "cat"))
    assert report.distinct_words == 3
    assert report.missing == (("<unk>", 1),)


@pytest.mark.parametrize("text", ["", " \n", [], ["<s>"]])
def test_no_words_is_an_error(text: object) -> None:
    with pytest.raises(LexiconError, match="coverage: the text holds no words"):
        coverage(LEXICON, text)  # type: ignore[arg-type]
