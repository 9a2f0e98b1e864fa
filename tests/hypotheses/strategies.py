"""Random hypotheses of several utterances, recordings and channels; times are whole milliseconds."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Tuple

from hypothesis import strategies as st

from fsaasr.core import Hypothesis, Span
from fsaasr.hypotheses import Placement

NAMES = st.sampled_from(["a", "cat", "<unk>", '"', "&amp;", "日本", "-->", ";;x", "<i>", "it's", "!", "1", "NOTE"])
CONFIDENCES = st.one_of(st.none(), st.integers(0, 1000).map(lambda n: n / 1000))

Placements = Dict[str, Placement]


@st.composite
def span_lists(draw: Any, points: bool = True) -> Tuple[Span, ...]:
    """Up to six spans, one after the other with gaps here and there; with `points`, some without duration."""
    time, spans = draw(st.integers(0, 30)), []
    for _ in range(draw(st.integers(0, 6))):
        length = draw(st.integers(0 if points else 1, 900))
        spans.append(Span(draw(NAMES), time / 1000, (time + length) / 1000, draw(CONFIDENCES)))
        time += length + draw(st.sampled_from([0, 0, 0, 1, 250, 1500]))
    return tuple(spans)


@st.composite
def hypothesis_sets(
    draw: Any, points: bool = True, channels: int = 2, recordings: int = 2
) -> Tuple[List[Hypothesis], Placements]:
    """Hypotheses without scores, and placements; utterances of one recording may overlap."""
    hypotheses, placements = [], {}
    for number in range(draw(st.integers(1, 4))):
        words, tokens = draw(span_lists(points)), draw(span_lists(points))
        name = f"u{number}"
        last = max([span.end for span in (*words, *tokens)], default=0.0)
        recording = f"r{draw(st.integers(1, recordings))}/x"
        start, rest = draw(st.integers(0, 5000)) / 1000, draw(st.integers(0, 100)) / 1000
        placements[name] = Placement(recording, draw(st.integers(0, channels - 1)), start, round(last + rest, 9))
        hypotheses.append(Hypothesis(name, words, tokens, (), math.nan, math.nan, draw(st.booleans())))
    return hypotheses, placements
