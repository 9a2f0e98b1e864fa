"""Checks of hypotheses before they are used or written."""

from __future__ import annotations

from typing import Iterable, List, NamedTuple

from fsaasr.core.errors import HypothesisError
from fsaasr.core.hypothesis import Hypothesis, Span


def check_values(hypothesis: Hypothesis) -> Hypothesis:
    """The hypothesis, if its values are of the kinds that they should be, whatever file they came from.

    Raises:
      HypothesisError: an id or name that is no text, or a time, confidence or score that is no number.
    """
    scores = (hypothesis.acoustic_score, hypothesis.graph_score)
    if not (isinstance(hypothesis.utterance, str) and all(map(_is_number, scores))):
        raise HypothesisError(f"utterance {hypothesis.utterance!r} with scores {scores}; expected a text and numbers")
    for span in (*hypothesis.words, *hypothesis.tokens):
        times = (span.start, span.end, 0 if span.confidence is None else span.confidence)
        if not (isinstance(span.name, str) and all(map(_is_number, times))):
            raise HypothesisError(f"utterance {hypothesis.utterance!r}: {span}; expected a text and numbers")
    return hypothesis


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


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
