"""Two lexicons made one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Dict, Iterable, List, Literal, Tuple

from fsaasr.core.errors import LexiconError
from fsaasr.lexicon.lexicon import Lexicon, Pronunciation, Tokens

Conflict = Literal["union", "first", "second", "error"]
CONFLICTS: Tuple[Conflict, ...] = ("union", "first", "second", "error")
Weighting = Literal["max", "first", "mean"]
WEIGHTINGS: Tuple[Weighting, ...] = ("max", "first", "mean")


def merge_lexicons(
    first: Lexicon, second: Lexicon, conflict: Conflict = "union", weighting: Weighting = "max"
) -> Lexicon:
    """The words of both lexicons; those of the first stand first, and a word's pronunciations together.

    Args:
      first: its silence is the result's, and the second's only where it has none.
      second: the other one.
      conflict: what a word of both gets: the pronunciations of both (`union`), those of the `first` or of the `second`
        alone; `error` refuses words whose pronunciations differ (probabilities may).
      weighting: probability of a word's pronunciations in a union. `max`: the larger of the two, of a pronunciation
        that one lexicon alone has its own. `first`: the first's, for those that it lacks the second's. `mean`: the mean
        of the two, 0 where a lexicon lacks the pronunciation, so that probabilities that sum to one still do.

    Raises:
      LexiconError: another policy; words whose pronunciations differ, where that is an error (named).
    """
    if conflict not in CONFLICTS or weighting not in WEIGHTINGS:
        raise LexiconError(
            f"merge_lexicons: conflict {conflict!r}, weighting {weighting!r}; expected one of {', '.join(CONFLICTS)}, "
            f"and of {', '.join(WEIGHTINGS)}"
        )
    if conflict == "error":
        _refuse_differences(first, second)
        conflict = "first"
    merged: List[Pronunciation] = []
    for word in dict.fromkeys(entry.word for lexicon in (first, second) for entry in lexicon.pronunciations):
        if conflict == "union" and word in first and word in second:
            merged += _united(first.of(word), second.of(word), weighting)
        else:
            preferred, other = (second, first) if conflict == "second" else (first, second)
            merged += (preferred if word in preferred else other).of(word)
    return Lexicon(tuple(merged), first.silence or second.silence)


def differing_words(first: Lexicon, second: Lexicon) -> Tuple[str, ...]:
    """Words of both lexicons whose sets of pronunciations differ, sorted; probabilities do not count."""
    shared = {entry.word for entry in first.pronunciations} & {entry.word for entry in second.pronunciations}
    said = ({word: {entry.tokens for entry in one.of(word)} for word in shared} for one in (first, second))
    one, other = said
    return tuple(sorted(word for word in shared if one[word] != other[word]))


def _refuse_differences(first: Lexicon, second: Lexicon) -> None:
    words = differing_words(first, second)
    if words:
        own, others = (" or ".join(" ".join(e.tokens) for e in lexicon.of(words[0])) for lexicon in (first, second))
        raise LexiconError(
            f"merge_lexicons: {len(words)} words are pronounced otherwise in the second lexicon: "
            f"{', '.join(words[:10])}; {words[0]!r} is {own} and {others}; choose union, first or second"
        )


def _united(
    first: Iterable[Pronunciation], second: Iterable[Pronunciation], weighting: Weighting
) -> List[Pronunciation]:
    united: Dict[Tokens, Pronunciation] = {entry.tokens: entry for entry in first}
    others = {entry.tokens: entry for entry in second}
    if weighting == "mean":
        for tokens in {**united, **others}:
            total = sum(math.exp(side[tokens].log_prob) for side in (united, others) if tokens in side)
            known = united.get(tokens) or others[tokens]
            united[tokens] = replace(known, log_prob=math.log(total / 2))
        return list(united.values())
    for tokens, entry in others.items():
        known = united.setdefault(tokens, entry)
        if weighting == "max" and entry.log_prob > known.log_prob:
            united[tokens] = replace(known, log_prob=entry.log_prob)
    return list(united.values())
