"""Disambiguation symbols: what they must achieve, and Kaldi's way of numbering them."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given

from fsaasr.lexicon import Lexicon, disambiguation, read_lexicon

from .strategies import lexicons

DATA = Path(__file__).resolve().parents[2] / "data"


def marked(lexicon: Lexicon) -> list[tuple[str, ...]]:
    numbers = disambiguation(lexicon)
    return [entry.tokens + ((f"#{k}",) if k else ()) for entry, k in zip(lexicon.pronunciations, numbers)]


@given(lexicons())
def test_afterwards_no_pronunciation_equals_or_begins_another(lexicon: Lexicon) -> None:
    sequences = marked(lexicon)
    for i, one in enumerate(sequences):
        for j, other in enumerate(sequences):
            assert i == j or other[: len(one)] != one


@given(lexicons())
def test_no_symbol_where_none_is_needed(lexicon: Lexicon) -> None:
    entries = lexicon.pronunciations
    for i, (entry, number) in enumerate(zip(entries, disambiguation(lexicon))):
        others = [other.tokens for j, other in enumerate(entries) if j != i]
        needed = any(other[: len(entry.tokens)] == entry.tokens for other in others)
        assert (number > 0) == needed


@given(lexicons())
def test_numbers_of_one_sequence_count_from_one(lexicon: Lexicon) -> None:
    numbers = disambiguation(lexicon)
    by_sequence: dict[tuple[str, ...], list[int]] = {}
    for entry, number in zip(lexicon.pronunciations, numbers):
        by_sequence.setdefault(entry.tokens, []).append(number)
    assert all(found in ([0], list(range(1, len(found) + 1))) for found in by_sequence.values())


def test_homophones_and_prefixes_as_kaldi_numbers_them() -> None:
    # The rule of add_lex_disambig.pl applied by hand: `red`/`read` share a sequence, `be`/`bee` too and begin `bean`.
    lexicon = Lexicon.from_text("red R EH D\nread R EH D\nbe B IY\nbean B IY N\nbee B IY\ncat K AE T\na AE\n")
    assert disambiguation(lexicon) == (1, 2, 1, 0, 2, 0, 0)


def test_prefix_is_found_across_a_longer_relative_that_sorts_between() -> None:
    lexicon = Lexicon.from_text("x A\ny A B C\nz A B D\nw A B\n")
    assert disambiguation(lexicon) == (1, 0, 0, 1)


def test_toy_lexicon_file() -> None:
    lexicon = read_lexicon(DATA / "lexicons" / "toy.txt")
    numbers = {
        (entry.word, " ".join(entry.tokens)): number
        for entry, number in zip(lexicon.pronunciations, disambiguation(lexicon))
        if number
    }
    assert numbers == {
        ("an", "AE N"): 1,
        ("be", "B IY"): 1,
        ("bee", "B IY"): 2,
        ("bean", "B IY N"): 1,
        ("been", "B IY N"): 2,
        ("read", "R IY D"): 1,
        ("reed", "R IY D"): 2,
        ("read", "R EH D"): 1,
        ("red", "R EH D"): 2,
        ("a", "AH"): 1,
    }
