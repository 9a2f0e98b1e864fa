"""`Hypothesis`: what was said, when, and how sure the search is of its own work."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple

from fsaasr.core.scores import Seconds

UNKNOWN = "<unk>"
"""A word that the lexicon lacks."""

_SCORES = ("acoustic_score", "graph_score")


class Span(NamedTuple):
    """A word or token with its times.

    Attributes:
      name: the word or token.
      start, end: seconds from the utterance's beginning; start < end unless nothing was emitted for it.
      confidence: posterior in 0 .. 1, or None where none was computed.
      spelling: tokens of a word that the lexicon lacks; None for every other word.
    """

    name: str
    start: Seconds
    end: Seconds
    confidence: Optional[float] = None
    spelling: Optional[Tuple[str, ...]] = None

    @property
    def unknown(self) -> bool:
        """Whether it is a word that the lexicon lacks."""
        return self.spelling is not None

    def shifted(self, by: Seconds) -> Span:
        """The same so much later."""
        return self._replace(start=self.start + by, end=self.end + by)


@dataclass(frozen=True)
class Hypothesis:
    """One path through a graph, read out.

    Attributes:
      utterance: utterance id.
      words: spans of the words, in order; empty only if the path really holds no word.
      tokens: spans of the tokens (phones, characters, pieces; blank left out), in order.
      columns: score column of each frame, T of them.
      acoustic_score, graph_score: log scores of the path, apart; NaN where the words were not chosen as a path's.
      reached_final: False if no final state was alive at the last frame, so the words may be cut short.
      rule: what chose the words: `MAP` (the best path), `MBR` (fewest expected errors) or `sampled`.
    """

    utterance: str
    words: Tuple[Span, ...]
    tokens: Tuple[Span, ...]
    columns: Tuple[int, ...]
    acoustic_score: float
    graph_score: float
    reached_final: bool = True
    rule: str = "MAP"

    @property
    def text(self) -> str:
        """The words with spaces between them."""
        return " ".join(word.name for word in self.words)

    @property
    def score(self) -> float:
        """Acoustic plus graph score, as the search saw them."""
        return self.acoustic_score + self.graph_score

    def spelled(self, join: Callable[[Tuple[str, ...]], str] = "".join) -> Hypothesis:
        """The hypothesis with `join(word.spelling)` as the name of each unknown word that has tokens."""
        named = (word._replace(name=join(word.spelling)) if word.spelling else word for word in self.words)
        return replace(self, words=tuple(named))

    def shifted(self, by: Seconds) -> Hypothesis:
        """The same with all times so much later."""
        words, tokens = (tuple(span.shifted(by) for span in spans) for spans in (self.words, self.tokens))
        return replace(self, words=words, tokens=tokens)

    def to_dict(self) -> Dict[str, Any]:
        """As JSON-ready values; a score that is NaN becomes None, and only unknown words have a spelling."""
        values: Dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        for key in ("words", "tokens"):
            values[key] = tuple(_span_values(span) for span in values[key])
        for key in _SCORES:
            values[key] = None if math.isnan(values[key]) else values[key]
        return values

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Hypothesis:
        """Inverse of `to_dict`."""
        values = dict(value)
        for key in ("words", "tokens"):
            values[key] = tuple(_span(span) for span in values[key])
        values["columns"] = tuple(values["columns"])
        for key in _SCORES:
            values[key] = math.nan if values[key] is None else values[key]
        return cls(**values)


def with_spellings(words: Sequence[Span], tokens: Sequence[Span]) -> Tuple[Span, ...]:
    """The words, those called `<unk>` with the tokens that begin within their times."""
    return tuple(
        word._replace(spelling=tuple(token.name for token in tokens if word.start <= token.start < word.end))
        if word.name == UNKNOWN
        else word
        for word in words
    )


def _span_values(span: Span) -> Dict[str, Any]:
    values = span._asdict()
    if span.spelling is None:
        del values["spelling"]
    return values


def _span(values: Mapping[str, Any]) -> Span:
    spelling = values.get("spelling")
    return Span(**{**values, "spelling": None if spelling is None else tuple(spelling)})
