"""Names that are hard to hear: words that the training text never has, one phone apart from frequent words."""

from __future__ import annotations

import random
from typing import Iterator, List, Sequence, Set, Tuple

from tools.bench.added.bed import Texts

SHORTEST = 3
"""Phones of a name, at least."""
RARE = 2
"""Occurrences in the training text of a word in whose place a name is said, at most."""
Phones = Tuple[str, ...]


def near_names(texts: Texts, vocabulary: Sequence[str], frequent: int, count: int, seed: int) -> List[str]:
    """Words to be called names, `count` or as many as there are, drawn by `seed`.

    The training text has none of them, each one sounds like one of the `frequent` most frequent words but for one
    phone, and none sounds like another one or like a word of the vocabulary.
    """
    heard = {phones for word in vocabulary for phones in texts.known[word]}
    near = {gap for word in vocabulary[:frequent] for phones in texts.known[word] for gap in _gaps(phones)}
    candidates = sorted(word for word in texts.known if word.isalpha() and word not in texts.counts)
    random.Random(seed).shuffle(candidates)
    found: List[str] = []
    for word in candidates:
        said = set(texts.known[word])
        if len(found) < count and not said & heard and all(_is_near(phones, near) for phones in said):
            found.append(word)
            heard |= said
    return found


def with_names(texts: Texts, vocabulary: Sequence[str], names: Sequence[str], count: int) -> List[str]:
    """Held-out sentences with one rare word among those of the vocabulary, in place of which a name is said."""
    known, said = set(vocabulary), []
    for sentence in texts.held_out:
        words = sentence.split()
        others = [at for at, word in enumerate(words) if word not in known]
        if len(others) == 1 and len(said) < count and texts.counts.get(words[others[0]], 0) <= RARE:
            words[others[0]] = names[len(said) % len(names)]
            said.append(" ".join(words))
    return said


def _is_near(phones: Phones, near: Set[Tuple[Phones, Phones]]) -> bool:
    return len(phones) >= SHORTEST and any(gap in near for gap in _gaps(phones))


def _gaps(phones: Phones) -> Iterator[Tuple[Phones, Phones]]:
    """What stands before and behind each phone."""
    return ((phones[:at], phones[at + 1 :]) for at in range(len(phones)))
