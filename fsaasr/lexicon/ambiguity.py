"""Disambiguation symbols: what makes a lexicon transducer determinizable."""

from __future__ import annotations

from typing import Dict, Tuple

from fsaasr.lexicon.lexicon import Lexicon, Tokens


def disambiguation(lexicon: Lexicon) -> Tuple[int, ...]:
    """Number k of the symbol `#k` that must end each pronunciation; 0 where none is needed.

    The rule is Kaldi's (add_lex_disambig.pl): a token sequence that only one pronunciation has and that is
    no proper prefix of another gets none; of all others, the first pronunciation in lexicon order gets
    `#1`, the next with the same sequence `#2`, and so on. Afterwards no pronunciation equals or is a
    prefix of another. Sorts the sequences: O(n log n).

    Returns:
      One number for each of `lexicon.pronunciations`.
    """
    count: Dict[Tokens, int] = {}
    for entry in lexicon.pronunciations:
        count[entry.tokens] = count.get(entry.tokens, 0) + 1
    ordered = sorted(count)
    # In sorted order whatever extends a sequence follows it at once.
    prefixes = {short for short, long in zip(ordered, ordered[1:]) if long[: len(short)] == short}
    used: Dict[Tokens, int] = {}
    numbers = []
    for entry in lexicon.pronunciations:
        if count[entry.tokens] == 1 and entry.tokens not in prefixes:
            numbers.append(0)
            continue
        used[entry.tokens] = used.get(entry.tokens, 0) + 1
        numbers.append(used[entry.tokens])
    return tuple(numbers)
