"""Checks of hypotheses before they are used or written."""

from __future__ import annotations

from typing import Iterable, List, NamedTuple

from fsaasr.core.hypothesis import Hypothesis, Span


class Timeless(NamedTuple):
    """A word that has no times: its utterance, its place among the words, and its span."""

    utterance: str
    place: int
    word: Span


def words_without_times(hypotheses: Iterable[Hypothesis]) -> List[Timeless]:
    """The words whose start is not before their end."""
    return [
        Timeless(hypothesis.utterance, place, word)
        for hypothesis in hypotheses
        for place, word in enumerate(hypothesis.words)
        if not word.start < word.end
    ]
