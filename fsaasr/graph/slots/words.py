"""`SlotWords`: what stands in a slot, and how likely each of it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Iterable, List, Mapping, Optional, Sequence, Tuple, Union

import pynini

from fsaasr.core.errors import GraphError
from fsaasr.graph.acceptors import word_choice
from fsaasr.lexicon import Lexicon, Pronunciation

Entry = Union[Tuple[str, Union[str, Sequence[str]]], Tuple[str, Union[str, Sequence[str]], float]]
"""A word, its tokens (a sequence, or one string with spaces between them), and P(word | slot) where it is given."""


@dataclass(frozen=True, eq=False)
class SlotWords:
    """Words, or sequences of words, that stand in a slot.

    Attributes:
      lexicon: their pronunciations; its silence may stand between two words of a slot.
      grammar: acceptor over the labels of `lexicon.words`, with -log P(words | slot) as costs; it accepts at least one
        word.
    """

    lexicon: Lexicon
    grammar: pynini.Fst


Members = Union[SlotWords, Lexicon, Iterable[Entry]]
"""What a slot may be given: a Lexicon's words are equally likely, and so are entries without probabilities."""


def slot_words(members: Members, probabilities: Optional[Mapping[str, float]] = None) -> SlotWords:
    """Single words for a slot.

    Args:
      members: a Lexicon, or entries; a word may come with several pronunciations.
      probabilities: P(word | slot) of those of the lexicon's words that are in the slot; all of them, each as likely,
        if None. They need not sum to one: what is missing is the probability of nothing in the slot being said.

    Raises:
      GraphError: no words, a probability outside of (0, 1], or two of one word.
      LexiconError: a malformed or repeated pronunciation.
    """
    if isinstance(members, SlotWords):
        return members
    if not isinstance(members, Lexicon):
        members, given = _lexicon_of(members)
        probabilities = given if probabilities is None else probabilities
    return SlotWords(members, word_choice(probabilities, members.words))


def _lexicon_of(entries: Iterable[Entry]) -> Tuple[Lexicon, Optional[Mapping[str, float]]]:
    pronunciations: List[Pronunciation] = []
    given: dict[str, float] = {}
    for entry in entries:
        if isinstance(entry, str) or not 2 <= len(entry) <= 3:
            raise GraphError(f"slot_words: found {entry!r}, expected (word, tokens) or (word, tokens, probability)")
        word, tokens = entry[0], entry[1]
        pronunciations.append(Pronunciation(word, tuple(tokens.split() if isinstance(tokens, str) else tokens)))
        probability = float(entry[2]) if len(entry) == 3 else math.nan
        if given.setdefault(word, probability) != probability and not math.isnan(probability):
            raise GraphError(f"slot_words: {word!r} has the probabilities {given[word]} and {probability}; give one")
    if not pronunciations:
        raise GraphError("slot_words: found no words; give at least one, or leave the slot out")
    known = sum(not math.isnan(p) for p in given.values())
    if known not in (0, len(given)):
        word = next(word for word, p in given.items() if math.isnan(p))
        raise GraphError(
            f"slot_words: {word!r} has no probability, and other words have; give all of them one, or none"
        )
    return Lexicon(tuple(pronunciations)), given if known else None
