"""Names that are hard to hear: words that the training text never has, one phone apart from frequent words."""

from __future__ import annotations

import random
from typing import Dict, List, Mapping, Sequence, Set, Tuple

import numpy as np

from fsaasr.core.errors import CorpusError
from tools.bench.added.bed import Texts
from tools.bench.posteriors import confusions

SHORTEST = 3
"""Phones of a name, at least."""
OFTEN = 0.4
"""Share of a phone's mistakes."""
RARE = 2
"""Occurrences in the training text of a word in whose place a name is said, at most."""
Phones = Tuple[str, ...]


def near_names(texts: Texts, vocabulary: Sequence[str], frequent: int, count: int, seed: int) -> List[str]:
    """Words to be called names, `count` or as many as there are, drawn by `seed`.

    The training text has none of them. Each one sounds like one of the `frequent` most frequent words but for one
    phone, which the synthetic scores of that seed often take for the frequent word's; and none sounds like another
    one or like a word of the vocabulary.

    Raises:
      CorpusError: the lexicon has none.
    """
    heard = {phones for word in vocabulary for phones in texts.known[word]}
    near = {phones for word in vocabulary[:frequent] for phones in texts.known[word]}
    taken_for = _taken_for(texts.lexicon(vocabulary).tokens.names[1:], seed)
    candidates = sorted(word for word in texts.known if word.isalpha() and word not in texts.counts)
    random.Random(seed).shuffle(candidates)
    found: List[str] = []
    for word in candidates:
        said = set(texts.known[word])
        if len(found) < count and not said & heard and all(_is_near(phones, near, taken_for) for phones in said):
            found.append(word)
            heard |= said
    if not found:
        raise CorpusError("bench: the lexicon has no word that the text lacks and that sounds like a frequent one")
    return found


def _taken_for(phones: Sequence[str], seed: int) -> Dict[str, List[str]]:
    """The phones that `synthesize` puts OFTEN or more in the place of each phone, where it puts another."""
    table = confusions(("<blk>", *phones), np.random.default_rng(seed))[1:, 1:]
    return {phone: [phones[other] for other in np.flatnonzero(row >= OFTEN)] for phone, row in zip(phones, table)}


def _is_near(phones: Phones, near: Set[Phones], taken_for: Mapping[str, Sequence[str]]) -> bool:
    heard = (
        (*phones[:at], other, *phones[at + 1 :])
        for at, phone in enumerate(phones)
        for other in taken_for.get(phone, ())
    )
    return len(phones) >= SHORTEST and any(other in near for other in heard)


def with_names(texts: Texts, vocabulary: Sequence[str], names: Sequence[str], count: int) -> List[str]:
    """Held-out sentences with one rare word among those of the vocabulary, in place of which a name is said."""
    known = set(vocabulary)
    said: List[str] = []
    for sentence in texts.held_out:
        words = sentence.split()
        others = [at for at, word in enumerate(words) if word not in known]
        if len(others) == 1 and len(said) < count and texts.counts.get(words[others[0]], 0) <= RARE:
            words[others[0]] = names[len(said) % len(names)]
            said.append(" ".join(words))
    return said
