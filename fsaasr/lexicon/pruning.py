"""Lexicons with fewer words and pronunciations."""

from __future__ import annotations

import math
from collections import Counter
from typing import Collection, Dict, List, Mapping, Optional

from fsaasr.core.errors import LexiconError
from fsaasr.lexicon.lexicon import Lexicon, Pronunciation


def prune_lexicon(
    lexicon: Lexicon,
    *,
    vocabulary: Optional[Collection[str]] = None,
    counts: Optional[Mapping[str, int]] = None,
    min_count: int = 1,
    min_probability: float = 0.0,
    max_pronunciations: Optional[int] = None,
    keep: Collection[str] = (),
) -> Lexicon:
    """Leaves out words, then pronunciations of those that stay; order, probabilities and silence stay.

    Args:
      lexicon: the lexicon.
      vocabulary: only these words stay.
      counts: of words in some text; only words with at least `min_count` stay.
      min_count: see there.
      min_probability: pronunciations with a smaller share of their word's most probable one go, 0 .. 1; so every word
        keeps one.
      max_pronunciations: of a word, the most probable ones, the first of equals; None for all.
      keep: words that stay in any case, e.g. `<unk>`.

    Raises:
      LexiconError: a bound out of range, or nothing is left.
    """
    if not 0.0 <= min_probability <= 1.0 or (max_pronunciations is not None and max_pronunciations < 1):
        raise LexiconError(
            f"prune_lexicon: min_probability {min_probability}, max_pronunciations {max_pronunciations}; expected "
            "0 to 1, and at least 1"
        )
    kept: List[Pronunciation] = []
    for entry in lexicon.pronunciations:
        wanted = (vocabulary is None or entry.word in vocabulary) and (
            counts is None or counts.get(entry.word, 0) >= min_count
        )
        if wanted or entry.word in keep:
            kept.append(entry)
    best: Dict[str, float] = {}
    for entry in kept:
        best[entry.word] = max(entry.log_prob, best.get(entry.word, -math.inf))
    least = math.log(min_probability) if min_probability else -math.inf
    kept = [entry for entry in kept if entry.log_prob - best[entry.word] >= least]
    if max_pronunciations is not None:
        kept = _most_probable(kept, max_pronunciations)
    if not kept:
        raise LexiconError(f"prune_lexicon: none of {len(lexicon.words) - 1} words is left; check the words to keep")
    return Lexicon(tuple(kept), lexicon.silence)


def _most_probable(entries: List[Pronunciation], count: int) -> List[Pronunciation]:
    taken: Counter[str] = Counter()
    chosen = set()
    for n in sorted(range(len(entries)), key=lambda n: (-entries[n].log_prob, n)):
        taken[entries[n].word] += 1
        if taken[entries[n].word] <= count:
            chosen.add(n)
    return [entry for n, entry in enumerate(entries) if n in chosen]
