"""Cardinal and ordinal numbers."""

from __future__ import annotations

from functools import lru_cache

import pynini

from fsaasr.grammar.english.verbalizer import RARER, Verbalizer, pairs

UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SCALES = ("", "thousand", "million", "billion")
"""Names of the powers of a thousand."""

_IRREGULAR = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def below_hundred(number: int) -> str:
    """Words of 0 to 99."""
    if number < len(UNITS):
        return UNITS[number]
    return TENS[number // 10] + (f" {UNITS[number % 10]}" if number % 10 else "")


def ordinal_words(cardinal: str) -> str:
    """Words of an ordinal number, of those of its cardinal."""
    *before, last = cardinal.split()
    regular = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return " ".join([*before, _IRREGULAR.get(last, regular)])


def ordinal_suffix(number: int) -> str:
    """`st`, `nd`, `rd` or `th`."""
    return "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


@lru_cache(maxsize=4)
def cardinals(groups: int = 4) -> Verbalizer:
    """Numbers below a thousand to the power of `groups` (1 to 4): `1205` is `one thousand two hundred five`.

    `and` may stand behind hundreds, and before a last group below a hundred.
    """
    zero = pairs([("0", "zero", 0.0)])
    return Verbalizer("cardinals", pynini.union(zero, pairs([("1", "one", 0.0)]), several_of(groups)).optimize())


@lru_cache(maxsize=4)
def several_of(groups: int) -> pynini.Fst:
    """Cardinals from 2 on, below a thousand to the power of `groups`."""
    return pynini.union(_leading(2), *(_cardinal(power) for power in range(1, groups))).optimize()


@lru_cache(maxsize=1)
def ordinals() -> Verbalizer:
    """`1st` to `999999th`: `22nd` is `twenty second`."""
    short = pairs((_ordinal(n), ordinal_words(below_hundred(n)), 0.0) for n in range(1, 100))
    padded = pairs((f"{n // 10}{_ordinal(n % 10, n)}", f" {_ordinal_words(n)}", 0.0) for n in range(1, 100))
    hundreds = pynini.union(_hundreds() + pynini.cross("00th", "th"), _hundreds() + _linked(padded))
    thousands = _leading(1) + pynini.cross("", " thousand")
    behind = pynini.union(
        pynini.cross("000th", "th"),
        pynini.cross("0", "") + _linked(padded),
        pynini.cross("", " ") + hundreds,
    )
    return Verbalizer("ordinals", pynini.union(short, hundreds, thousands + behind).optimize())


def _ordinal(number: int, whole: int = -1) -> str:
    return f"{number}{ordinal_suffix(number if whole < 0 else whole)}"


def _ordinal_words(number: int) -> str:
    return ordinal_words(below_hundred(number))


def _cardinal(power: int) -> pynini.Fst:
    """Numbers whose leading group counts a power of a thousand."""
    number = _leading(1) + pynini.cross("", f" {SCALES[power]}")
    none = pynini.cross("000", "")
    for scale in range(power - 1, 0, -1):
        number = number + pynini.union(_padded(False) + pynini.cross("", f" {SCALES[scale]}"), none)
    return number + pynini.union(_padded(True), none)


def _leading(least: int) -> pynini.Fst:
    """`least` to 999, as they are written at a number's beginning."""
    short = pairs((str(n), below_hundred(n), 0.0) for n in range(least, 100))
    return pynini.union(short, _hundreds() + _rest())


def _padded(last: bool) -> pynini.Fst:
    """`001` to `999`, with a space before what is said; `and five` where nothing follows."""
    tens = _tens()
    below = pynini.cross("0", "") + (_linked(tens) if last else tens)
    return pynini.union(below, pynini.cross("", " ") + _hundreds() + _rest())


def _hundreds() -> pynini.Fst:
    return pairs((str(digit), f"{UNITS[digit]} hundred", 0.0) for digit in range(1, 10))


def _rest() -> pynini.Fst:
    """The two digits behind hundreds."""
    return pynini.union(pynini.cross("00", ""), _linked(_tens()))


def _tens() -> pynini.Fst:
    return pairs((f"{n:02d}", f" {below_hundred(n)}", 0.0) for n in range(1, 100))


def _linked(tens: pynini.Fst) -> pynini.Fst:
    """With `and` before it, too."""
    return pynini.union(tens, pynini.accep("", weight=RARER) + pynini.cross("", " and") + tens)
