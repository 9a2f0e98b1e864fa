"""From how a word is written to the words that a recognizer may know it by."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Iterator, List, Tuple

from fsaasr.core.errors import GrammarError

_PARTS = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[^\W\dA-Z_]+|[A-Z]|\d+")
"""Parts of `iPhone15`: a run of capitals, a word with or without one, digits."""


@lru_cache(maxsize=1 << 14)
def written_forms(written: str) -> Tuple[Tuple[str, ...], ...]:
    """Words that may stand for one written word, the likeliest first.

    The word as it is, in lower case, in upper case, and with a capital; its parts, where it has capitals within or
    digits (`iPhone15`: i phone fifteen), digits read as a number and one by one; and its letters, of an abbreviation.
    """
    forms: List[Tuple[str, ...]] = [(written,), (written.lower(),), (written.upper(),), (written.capitalize(),)]
    parts = _PARTS.findall(written)
    if len(parts) > 1 or written.isdecimal():
        for by_number in (True, False):
            split = tuple(word for part in parts for word in _part(part, by_number))
            forms += [split, tuple(word.upper() for word in split)]
    if written.isalpha() and written.isupper():
        forms += [tuple(written.lower()), tuple(written)]
    return tuple(dict.fromkeys(forms))


def _part(part: str, by_number: bool) -> Iterator[str]:
    if not part.isdecimal():
        yield part.lower()
        return
    from fsaasr.grammar.english import cardinals

    for number in (part,) if by_number else part:
        try:
            yield from cardinals().say(number).split()
        except GrammarError:
            yield number
