"""Times of the day."""

from __future__ import annotations

from functools import lru_cache
from typing import Iterator, Tuple

from fsaasr.grammar.english.numbers import UNITS, below_hundred
from fsaasr.grammar.english.verbalizer import RARER, Verbalizer, pairs


@lru_cache(maxsize=1)
def clock_times() -> Verbalizer:
    """`3:05 pm` is `three oh five p m`, `12:00 am` is `twelve a m`; rarer ways: `a quarter past three p m`."""
    return Verbalizer(
        "clock_times",
        pairs(
            (f"{hour}:{minute:02d} {half}", f"{words} {half[0]} {half[1]}", cost)
            for half in ("am", "pm")
            for hour in range(1, 13)
            for minute in range(60)
            for words, cost in _time_words(hour, minute)
        ),
    )


def _time_words(hour: int, minute: int) -> Iterator[Tuple[str, float]]:
    if minute == 0:
        yield UNITS[hour], 0.0
        yield f"{UNITS[hour]} o'clock", RARER
        return
    yield f"{UNITS[hour]} oh {UNITS[minute]}" if minute < 10 else f"{UNITS[hour]} {below_hundred(minute)}", 0.0
    if minute == 30:
        yield f"half past {UNITS[hour]}", RARER
    elif minute == 15:
        yield f"a quarter past {UNITS[hour]}", RARER
        yield f"quarter past {UNITS[hour]}", 2 * RARER
    elif minute < 30 and minute % 5 == 0:
        yield f"{below_hundred(minute)} past {UNITS[hour]}", RARER
