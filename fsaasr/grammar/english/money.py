"""Amounts of money."""

from __future__ import annotations

from functools import lru_cache

import pynini

from fsaasr.grammar.english.numbers import below_hundred, several_of
from fsaasr.grammar.english.verbalizer import RARER, Verbalizer, pairs


@lru_cache(maxsize=8)
def amounts(sign: str = "$", unit: str = "dollar", part: str = "cent") -> Verbalizer:
    """Amounts below a billion: `$12.50` is `twelve dollars and fifty cents`, `$0.05` is `five cents`.

    Args:
      sign: written before the amount.
      unit: spoken name; more than one have an `s`.
      part: of a hundredth.
    """
    one = pynini.cross("1", f"one {unit}")
    several = several_of(3) + pynini.cross("", f" {unit}s")
    some = pynini.union(one, several)
    whole = pynini.union(some, pynini.cross("0", f"zero {unit}s"))
    cents = [(f"{n:02d}", f"{below_hundred(n)} {part}{'' if n == 1 else 's'}") for n in range(1, 100)]
    behind = pairs(
        (f".{written}", f" {link}{spoken}", cost)
        for written, spoken in cents
        for link, cost in (("and ", 0.0), ("", RARER))
    )
    alone = pairs((f"0.{written}", spoken, 0.0) for written, spoken in cents)
    amount = pynini.cross(pynini.escape(sign), "") + pynini.union(whole, some + behind, alone)
    return Verbalizer("amounts", amount.optimize())
