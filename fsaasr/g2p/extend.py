"""Lexicons with more words."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Iterable, List

from fsaasr.core.errors import LexiconError
from fsaasr.g2p.model import G2pModel
from fsaasr.lexicon import Lexicon, Pronunciation


def with_words(
    lexicon: Lexicon, words: Iterable[str], model: G2pModel, count: int = 1, skip_unknown: bool = False
) -> Lexicon:
    """The lexicon and behind it the words that it lacks, in the order of their first appearance.

    Of several pronunciations of a word, the best has probability 1 and the others theirs over the best's.

    Args:
      lexicon: to be extended; its tokens stay the model's.
      words: those that the lexicon has are left alone.
      model: gives the pronunciations; its tokens are the lexicon's.
      count: pronunciations of a word, at most.
      skip_unknown: as in `G2pModel.pronounce`.

    Raises:
      LexiconError: pronunciations with tokens that the lexicon lacks, naming word and token; or as `pronounce`.
    """
    added: List[Pronunciation] = []
    for word in dict.fromkeys(word for word in words if word not in lexicon):
        entries = model.pronounce(word, count, skip_unknown=skip_unknown)
        foreign = [token for entry in entries for token in entry.tokens if token not in lexicon.tokens]
        if foreign:
            raise LexiconError(
                f"with_words: word {word!r} is pronounced with {foreign[0]!r}, which the lexicon's other words lack; "
                "train the model on a lexicon with the same tokens"
            )
        best = entries[0].log_prob
        kept = (entry for entry in entries if entry.log_prob > -math.inf)
        added += [replace(entry, log_prob=min(0.0, entry.log_prob - best)) for entry in kept]
    return replace(lexicon, pronunciations=(*lexicon.pronunciations, *added)) if added else lexicon
