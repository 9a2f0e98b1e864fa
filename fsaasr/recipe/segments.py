"""Segments of aligned recordings that are too long to train on or to read: cut in the middle of pauses."""

from __future__ import annotations

import math
from typing import Iterable, List, Mapping

from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import Seconds
from fsaasr.decode import cut_at_pauses
from fsaasr.hypotheses import Placed, Placement

LONG: Seconds = 30.0
"""Utterances that last longer are cut."""


def segments_of(aligned: Iterable[Hypothesis], placements: Mapping[str, Placement]) -> List[Placed]:
    """The utterances longer than `LONG`, cut as `cut_at_pauses` does; segments have ids `utterance-0001` and so on.

    Args:
      aligned: hypotheses with times. placements: where their utterances lie.
    """
    segments: List[Placed] = []
    for hypothesis in aligned:
        whole = placements[hypothesis.utterance]
        if whole.duration <= LONG:
            continue
        for number, piece in enumerate(cut_at_pauses(hypothesis.words, whole.duration), 1):
            tokens = [t for t in hypothesis.tokens if piece.start <= (t.start + t.end) / 2 < piece.end]
            own = Hypothesis(
                f"{hypothesis.utterance}-{number:04d}",
                tuple(word.shifted(-piece.start) for word in piece.words),
                tuple(token.shifted(-piece.start) for token in tokens),
                (),
                math.nan,
                math.nan,
            )
            place = whole._replace(start=whole.start + piece.start, duration=piece.end - piece.start)
            segments.append(Placed(own, place))
    return segments
