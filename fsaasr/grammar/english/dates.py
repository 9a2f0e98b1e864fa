"""Days of the year, and years."""

from __future__ import annotations

from functools import lru_cache
from typing import Iterator, Tuple

import pynini

from fsaasr.grammar.english.numbers import UNITS, below_hundred, ordinal_words
from fsaasr.grammar.english.verbalizer import RARER, Verbalizer, pairs

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

FIRST_YEAR, LAST_YEAR = 1100, 2099


@lru_cache(maxsize=1)
def years() -> Verbalizer:
    """`1100` to `2099`: `1987` is `nineteen eighty seven`, `1905` `nineteen oh five`, `2005` `two thousand five`."""
    items = ((str(year), words, cost) for year in range(FIRST_YEAR, LAST_YEAR + 1) for words, cost in _year_words(year))
    return Verbalizer("years", pairs(items))


@lru_cache(maxsize=1)
def dates() -> Verbalizer:
    """`22 November` or `22 November 1987`: `twenty second of november nineteen eighty seven`.

    February has 29 days, whatever the year.
    """
    day = pairs(
        (f"{day} {month}", words, cost)
        for month, days in zip(MONTHS, DAYS)
        for day in range(1, days + 1)
        for words, cost in _day_words(day, month.lower())
    )
    with_year = day + pynini.accep(" ") + years().fst
    return Verbalizer("dates", pynini.union(day, with_year).optimize())


def _day_words(day: int, month: str) -> Iterator[Tuple[str, float]]:
    ordinal = ordinal_words(below_hundred(day))
    yield f"{ordinal} of {month}", 0.0
    yield f"the {ordinal} of {month}", RARER
    yield f"{month} {ordinal}", RARER
    yield f"{month} the {ordinal}", 2 * RARER


def _year_words(year: int) -> Iterator[Tuple[str, float]]:
    century, rest = divmod(year, 100)
    if year // 10 == 200:
        yield "two thousand" + (f" {UNITS[rest]}" if rest else ""), 0.0
        if rest:
            yield f"two thousand and {UNITS[rest]}", RARER
            yield f"twenty oh {UNITS[rest]}", RARER
        return
    if not rest:
        yield f"{below_hundred(century)} hundred", 0.0
    elif rest < 10:
        yield f"{below_hundred(century)} oh {UNITS[rest]}", 0.0
    else:
        yield f"{below_hundred(century)} {below_hundred(rest)}", 0.0
    if century == 20 and rest:
        yield f"two thousand {below_hundred(rest)}", RARER
        yield f"two thousand and {below_hundred(rest)}", RARER
