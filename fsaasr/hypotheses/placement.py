"""Where in a recording an utterance lies, and hypotheses put there."""

from __future__ import annotations

import math
from itertools import groupby
from typing import Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from fsaasr.core.errors import HypothesisError
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.core.scores import Seconds

DIGITS = 9
"""Decimals of a second that survive the sum of an utterance's and a word's start; the rest is rounding."""

KINDS = ("words", "tokens")
"""The two sequences of spans that a hypothesis has."""


class Placement(NamedTuple):
    """Where an utterance lies.

    Attributes:
      recording: id of the recording.
      channel: of the recording, from 0.
      start: of the utterance in the recording. duration: of the utterance.
    """

    recording: str
    channel: int
    start: Seconds
    duration: Seconds


class Placed(NamedTuple):
    """A hypothesis, whose times count from its utterance's beginning, and where the utterance lies."""

    hypothesis: Hypothesis
    placement: Placement

    def spans(self, kind: str = "words") -> Tuple[Span, ...]:
        """The words or tokens with their times in the recording."""
        return tuple(_shifted(span, self.placement.start) for span in getattr(self.hypothesis, kind))


def decimal(value: Seconds) -> str:
    """Seconds as text, with no more decimals than needed and at most `DIGITS`."""
    return f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")


def _shifted(span: Span, by: Seconds) -> Span:
    return span._replace(start=round(span.start + by, DIGITS), end=round(span.end + by, DIGITS))


def from_recording(
    utterance: str,
    placement: Placement,
    words: Iterable[Span],
    tokens: Iterable[Span] = (),
    reached_final: bool = True,
) -> Placed:
    """A hypothesis of spans with times in the recording; its scores, which no such file holds, are NaN."""
    own = [tuple(_shifted(span, -placement.start) for span in spans) for spans in (words, tokens)]
    return Placed(Hypothesis(utterance, own[0], own[1], (), math.nan, math.nan, reached_final), placement)


def place(hypotheses: Iterable[Hypothesis], placements: Optional[Mapping[str, Placement]] = None) -> List[Placed]:
    """Puts hypotheses where their utterances lie.

    Args:
      hypotheses: one an utterance.
      placements: by utterance id. Without, each utterance is a recording of its own, which ends with its last span.

    Raises:
      HypothesisError: two of one utterance, or an utterance without placement.
    """
    return list(placing(hypotheses, placements))


def placing(hypotheses: Iterable[Hypothesis], placements: Optional[Mapping[str, Placement]] = None) -> Iterator[Placed]:
    """As `place`, one after another."""
    seen: Set[str] = set()
    for hypothesis in hypotheses:
        name = hypothesis.utterance
        if name in seen:
            raise HypothesisError(f"two hypotheses of utterance {name!r}; number n-best lists with `numbered` first")
        if placements is not None and name not in placements:
            raise HypothesisError(f"no placement of utterance {name!r} among {len(placements)}; give one for each")
        seen.add(name)
        yield Placed(hypothesis, _own_recording(hypothesis) if placements is None else placements[name])


def _own_recording(hypothesis: Hypothesis) -> Placement:
    ends = [span.end for span in (*hypothesis.words, *hypothesis.tokens)]
    return Placement(hypothesis.utterance, 0, 0.0, max(ends, default=0.0))


def by_channel(placed: Iterable[Placed]) -> Dict[Tuple[str, int], List[Placed]]:
    """The utterances of each recording and channel, sorted by start."""
    ordered = sorted(placed, key=lambda one: one.placement)
    return {key: list(group) for key, group in groupby(ordered, key=lambda one: one.placement[:2])}


def single_channel(placed: Sequence[Placed], what: str) -> List[Placed]:
    """Utterances of one recording and channel, sorted by start.

    Raises:
      HypothesisError: none, or of several; `what` holds one.
    """
    channels = by_channel(placed)
    if len(channels) != 1:
        raise HypothesisError(f"{what} holds one recording, given {len(channels)}; use `export_hypotheses` for several")
    return next(iter(channels.values()))


def check_names(placed: Iterable[Placed], what: str) -> None:
    """Refuses names that `what` could not give back.

    Raises:
      HypothesisError: an id, word or token that is empty or holds white space.
    """
    for hypothesis, placement in placed:
        spans = (*hypothesis.words, *hypothesis.tokens)
        for name in (hypothesis.utterance, placement.recording, *(span.name for span in spans)):
            if name.split() != [name]:
                raise HypothesisError(
                    f"utterance {hypothesis.utterance!r} has {name!r}; {what} holds names without white space only"
                )
