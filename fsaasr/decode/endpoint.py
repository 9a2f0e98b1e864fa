"""When a speaker has finished: rules over a stream's best path, after Kaldi's `online-endpoint`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import Seconds


@dataclass(frozen=True)
class EndpointRule:
    """One way to have finished; all its conditions hold.

    Attributes:
      name: how results call it.
      needs_words: whether a word must have been recognized.
      trailing_silence: least time since the last token ended.
      final_gap: greatest log score by which the best path that ends in a final state may lag behind the best path.
      utterance_length: least time since the stream began.
    """

    name: str
    needs_words: bool = True
    trailing_silence: Seconds = 0.0
    final_gap: float = math.inf
    utterance_length: Seconds = 0.0


ENDPOINT_RULES: Tuple[EndpointRule, ...] = (
    EndpointRule("silence-only", needs_words=False, trailing_silence=5.0),
    EndpointRule("surely-final", trailing_silence=0.5, final_gap=2.0),
    EndpointRule("likely-final", trailing_silence=1.0, final_gap=8.0),
    EndpointRule("long-silence", trailing_silence=2.0),
    EndpointRule("too-long", needs_words=False, utterance_length=20.0),
)
"""Kaldi's five rules with its default times and costs."""


def find_endpoint(
    partial: Hypothesis,
    length: Seconds,
    final_gap: float,
    silence: Sequence[str] = (),
    rules: Sequence[EndpointRule] = ENDPOINT_RULES,
) -> Optional[str]:
    """Name of the first rule that says that the speaker has finished, None if none does.

    Args:
      partial: best path so far.
      length: time since the stream began.
      final_gap: how far the best path to a final state lags behind, inf if there is none.
      silence: tokens that are silence; blanks are in any case.
    """
    spoken = [token.end for token in partial.tokens if token.name not in silence]
    trailing = length - max(spoken, default=0.0)
    for rule in rules:
        holds = trailing >= rule.trailing_silence and length >= rule.utterance_length
        if holds and final_gap <= rule.final_gap and (partial.words or not rule.needs_words):
            return rule.name
    return None
