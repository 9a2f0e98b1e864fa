"""`Hypothesis`: what was said, when, and how sure the search is of its own work."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

from fsaasr.core.scores import Seconds

_SCORES = ("acoustic_score", "graph_score")


class Span(NamedTuple):
    """A word or token with its times.

    Attributes:
      name: the word or token.
      start, end: seconds from the utterance's beginning; start < end unless nothing was emitted for it.
      confidence: posterior in 0 .. 1, or None where none was computed.
    """

    name: str
    start: Seconds
    end: Seconds
    confidence: Optional[float] = None


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

    def to_dict(self) -> Dict[str, Any]:
        """As JSON-ready values; a score that is NaN becomes None."""
        values: Dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        for key in ("words", "tokens"):
            values[key] = tuple(span._asdict() for span in values[key])
        for key in _SCORES:
            values[key] = None if math.isnan(values[key]) else values[key]
        return values

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Hypothesis:
        """Inverse of `to_dict`."""
        values = dict(value)
        for key in ("words", "tokens"):
            values[key] = tuple(Span(**span) for span in values[key])
        values["columns"] = tuple(values["columns"])
        for key in _SCORES:
            values[key] = math.nan if values[key] is None else values[key]
        return cls(**values)
