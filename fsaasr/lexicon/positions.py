"""Phones that know their place in the word, as Kaldi has them: `AH_B`, `AH_I`, `AH_E`, and `AH_S` of words of one."""

from __future__ import annotations

from dataclasses import replace
from typing import List, Optional, Sequence, Tuple

from fsaasr.core.errors import LexiconError
from fsaasr.core.hypothesis import Span
from fsaasr.lexicon.lexicon import Lexicon, Tokens

BEGIN, INSIDE, END, SINGLE = "_B", "_I", "_E", "_S"
POSITIONS = (BEGIN, INSIDE, END, SINGLE)


def with_positions(lexicon: Lexicon) -> Lexicon:
    """The lexicon with another token for each place that a phone may have in a word; silence stays what it is."""
    silence = None if lexicon.silence is None else lexicon.silence.token
    entries = (replace(entry, tokens=_positioned(entry.tokens, silence)) for entry in lexicon.pronunciations)
    return Lexicon(tuple(entries), lexicon.silence)


def phone_of(token: str) -> str:
    """A token without its place; one that has none as it is."""
    return token[:-2] if position_of(token) else token


def position_of(token: str) -> Optional[str]:
    """The place that a token says, one of `POSITIONS`, or None."""
    return token[-2:] if len(token) > 2 and token[-2:] in POSITIONS else None


def word_spans(tokens: Sequence[Span]) -> Tuple[Tuple[Span, ...], ...]:
    """Groups the tokens of an alignment to words, by their places alone; tokens without one are between words.

    Raises:
      LexiconError: places in an order that no words have; names the token and its time.
    """
    words: List[List[Span]] = []
    inside = False
    for span in tokens:
        position = position_of(span.name)
        if inside != (position in (INSIDE, END)):
            raise LexiconError(
                f"word_spans: {span.name!r} at {span.start:.2f} s stands {'within' if inside else 'outside of'} a "
                "word; expected _S, or _B, any number of _I, and _E"
            )
        if position in (BEGIN, SINGLE):
            words.append([])
        if position is not None:
            words[-1].append(span)
        inside = position in (BEGIN, INSIDE)
    if inside:
        raise LexiconError(f"word_spans: the last word, from {words[-1][0].start:.2f} s on, has no end")
    return tuple(map(tuple, words))


def _positioned(tokens: Tokens, silence: Optional[str]) -> Tokens:
    if len(tokens) == 1:
        places: Tuple[str, ...] = (SINGLE,)
    else:
        places = (BEGIN, *(INSIDE for _ in tokens[2:]), END)
    return tuple(token if token == silence else token + place for token, place in zip(tokens, places))
