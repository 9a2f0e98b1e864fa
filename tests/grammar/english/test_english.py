"""Written, said, and read back: the same, for every way to say it; and what is said is what a referee says."""

from __future__ import annotations

import calendar
from typing import Callable

import numpy as np
import pytest

from fsaasr.core import SymbolTable
from fsaasr.core.errors import GrammarError
from fsaasr.grammar.english import (
    TextReader,
    Verbalizer,
    amounts,
    cardinals,
    clock_times,
    dates,
    letters,
    ordinals,
    years,
)

TEENS = ("ten eleven twelve thirteen fourteen fifteen", "sixteen seventeen eighteen nineteen")
SMALL = ["zero", *["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], *" ".join(TEENS).split()]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def say_number(n: int) -> str:
    """A referee: by recursion, and not by groups of digits."""
    if n < 20:
        return SMALL[n]
    if n < 100:
        return TENS[n // 10 - 2] + (" " + SMALL[n % 10] if n % 10 else "")
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if n >= size:
            rest = " " + say_number(n % size) if n % size else ""
            return f"{say_number(n // size)} {name}{rest}"
    raise AssertionError(n)


def digits(rng: np.random.Generator, most: int) -> int:
    """Any number of digits is as likely as another."""
    return int(rng.integers(0, 10 ** int(rng.integers(1, most + 1))))


def suffix(n: int) -> str:
    return "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")


def some_date(rng: np.random.Generator) -> str:
    month = int(rng.integers(1, 13))
    day = int(rng.integers(1, calendar.monthrange(2024, month)[1] + 1))
    year = f" {rng.integers(1100, 2100)}" if rng.random() < 0.5 else ""
    return f"{day} {calendar.month_name[month]}{year}"


def some_amount(rng: np.random.Generator) -> str:
    whole, cents = digits(rng, 9), int(rng.integers(0, 100))
    return f"${whole}.{cents:02d}" if cents else f"${whole}"


KINDS: list[tuple[Callable[[], Verbalizer], Callable[[np.random.Generator], str]]] = [
    (cardinals, lambda rng: str(digits(rng, 12))),
    (ordinals, lambda rng: (lambda n: f"{n}{suffix(n)}")(1 + digits(rng, 5))),
    (years, lambda rng: str(rng.integers(1100, 2100))),
    (dates, some_date),
    (clock_times, lambda rng: f"{rng.integers(1, 13)}:{rng.integers(0, 60):02d} {rng.choice(['am', 'pm'])}"),
    (amounts, some_amount),
    (letters, lambda rng: "".join(chr(c) for c in rng.integers(65, 91, size=rng.integers(1, 8)))),
]
IDS = [kind.__name__ for kind, _ in KINDS]


@pytest.mark.parametrize(("kind", "some"), KINDS, ids=IDS)
def test_every_way_to_say_it_is_read_back(
    kind: Callable[[], Verbalizer], some: Callable[[np.random.Generator], str]
) -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        written = some(rng)
        ways = kind().all_said(written)
        assert ways[0] == kind().say(written)
        assert {kind().read(spoken) for spoken in ways} == {written}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "some"), KINDS, ids=IDS)
def test_ten_thousand_are_read_back(kind: Callable[[], Verbalizer], some: Callable[[np.random.Generator], str]) -> None:
    rng = np.random.default_rng(1)
    for _ in range(10_000):
        written = some(rng)
        assert kind().read(kind().say(written)) == written


def test_numbers_are_those_of_the_referee() -> None:
    rng = np.random.default_rng(2)
    for n in [*range(120), *(10**k for k in range(12)), *(digits(rng, 12) for _ in range(100))]:
        assert cardinals().say(str(n)) == say_number(n)


@pytest.mark.parametrize(
    ("kind", "written", "spoken"),
    [
        (cardinals, "2005", "two thousand and five"),
        (cardinals, "1200017", "one million two hundred thousand and seventeen"),
        (ordinals, "11th", "eleventh"),
        (ordinals, "23rd", "twenty third"),
        (ordinals, "40th", "fortieth"),
        (ordinals, "100th", "one hundredth"),
        (ordinals, "5000th", "five thousandth"),
        (ordinals, "1012th", "one thousand and twelfth"),
        (years, "1987", "nineteen eighty seven"),
        (years, "1905", "nineteen oh five"),
        (years, "2000", "two thousand"),
        (years, "2026", "twenty twenty six"),
        (dates, "22 November", "twenty second of november"),
        (dates, "4 July 1776", "july the fourth seventeen seventy six"),
        (clock_times, "12:00 am", "twelve a m"),
        (clock_times, "6:30 pm", "half past six p m"),
        (amounts, "$1.01", "one dollar and one cent"),
        (amounts, "$0", "zero dollars"),
        (letters, "KLM", "k l m"),
    ],
)
def test_examples(kind: Callable[[], Verbalizer], written: str, spoken: str) -> None:
    assert spoken in kind().all_said(written)
    assert kind().read(spoken) == written


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (cardinals, "01"),
        (cardinals, "1000000000000"),
        (ordinals, "22th"),
        (dates, "30 February"),
        (dates, "1 May 2100"),
        (clock_times, "13:00 pm"),
        (amounts, "$1.5"),
        (letters, "abc"),
    ],
)
def test_what_is_not_of_the_kind_is_refused(kind: Callable[[], Verbalizer], written: str) -> None:
    with pytest.raises(GrammarError, match=kind.__name__):
        kind().say(written)


def test_other_currencies() -> None:
    pounds = amounts("£", "pound", "penny")
    assert pounds.read("twelve pounds") == "£12"
    assert amounts("€", "euro").say("€3.20") == "three euros and twenty cents"


def test_what_may_be_said_becomes_a_grammar() -> None:
    import pynini

    words = SymbolTable(sorted({*SMALL, *TENS, "hundred", "and"}))
    grammar = cardinals(1).acceptor(words)
    for text, accepted in (("two hundred and five", True), ("five hundred hundred", False), ("ninety", True)):
        labels = [words[word] for word in text.split()]
        chain = pynini.Fst()
        states = chain.add_states(len(labels) + 1) or list(chain.states())
        chain.set_start(0).set_final(len(labels))
        for n, label in enumerate(labels):
            chain.add_arc(states[n], pynini.Arc(label, label, 0, states[n + 1]))
        assert (pynini.intersect(chain, grammar).num_states() > 0) == accepted
    upper = SymbolTable(word.upper() for word in words.names[1:])
    assert cardinals(1).acceptor(upper, upper=True).num_states() == grammar.num_states()
    with pytest.raises(GrammarError, match="thousand"):
        cardinals(2).acceptor(words)


def test_sentences_are_written() -> None:
    reader = TextReader(dates(), clock_times(), amounts(), ordinals(), cardinals())
    said = "call  bob on the twenty second of november at three fifteen p m and pay twelve dollars and fifty cents"
    assert reader.read(said) == "call bob on 22 November at 3:15 pm and pay $12.50"
    assert reader.read("no numbers [here]") == "no numbers [here]"
    assert reader.read("twenty two thirds") == "22 thirds"
    assert reader.read("größer als two") == "größer als 2"
    assert reader.read("") == ""
    with pytest.raises(GrammarError, match="no kinds"):
        TextReader()


def test_the_kind_named_first_wins() -> None:
    said = "nineteen eighty seven"
    assert TextReader(years(), cardinals()).read(said) == "1987"
    assert TextReader(cardinals()).read(said) == "19 87"
