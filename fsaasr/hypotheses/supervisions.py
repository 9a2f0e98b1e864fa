"""Lhotse supervisions whose alignments are the words and tokens."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Iterable, List, Mapping, Optional, Sequence, Tuple

from fsaasr.core.errors import HypothesisError, HypothesisFileError
from fsaasr.core.files import PathLike, atomic_path
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.hypotheses.check import check_values
from fsaasr.hypotheses.placement import DIGITS, Placed, Placement, place

if TYPE_CHECKING:
    from lhotse import SupervisionSegment, SupervisionSet

WORD, TOKEN = "word", "token"
"""Names of the alignments; `word` is Lhotse's own."""


def to_supervisions(
    hypotheses: Iterable[Hypothesis], placements: Optional[Mapping[str, Placement]] = None
) -> SupervisionSet:
    """One supervision an utterance, with its words as text and its words and tokens as alignments.

    Times are in the recording, as Lhotse has them; `custom` holds known scores, rule, and whether a final state was
    reached. Columns are left out.

    Args:
      hypotheses: one an utterance. placements: as in `place`.

    Raises:
      HypothesisError: as `place`.
    """
    from lhotse import SupervisionSet

    return SupervisionSet.from_segments(_segment(one) for one in place(hypotheses, placements))


def _segment(one: Placed) -> SupervisionSegment:
    from lhotse import SupervisionSegment
    from lhotse.supervision import AlignmentItem

    hypothesis, (recording, channel, start, duration) = one
    alignment = {
        name: [
            AlignmentItem(span.name, span.start, round(span.end - span.start, DIGITS), span.confidence)
            for span in one.spans(kind)
        ]
        for name, kind in ((WORD, "words"), (TOKEN, "tokens"))
    }
    values = hypothesis.to_dict()
    kept = ("acoustic_score", "graph_score", "reached_final", "rule")
    return SupervisionSegment(
        id=hypothesis.utterance,
        recording_id=recording,
        start=start,
        duration=duration,
        channel=channel,
        text=hypothesis.text,
        alignment=alignment,
        custom={name: values[name] for name in kept},
    )


def from_supervisions(supervisions: Iterable[SupervisionSegment]) -> List[Placed]:
    """Hypotheses of supervisions as manifests have them, all times in the recording.

    Scores that `custom` does not hold are NaN.

    Raises:
      HypothesisError: a supervision without word alignment, one of several channels, or one with values
        of the wrong kind.
    """
    return [_placed(segment) for segment in supervisions]


def _placed(segment: SupervisionSegment) -> Placed:
    if not isinstance(segment.channel, int):
        raise HypothesisError(f"supervision {segment.id!r} has channels {segment.channel}, expected one")
    if WORD not in (segment.alignment or {}):
        raise HypothesisError(f"supervision {segment.id!r} has no alignment {WORD!r}; align it first")
    placement = Placement(segment.recording_id, segment.channel, segment.start, segment.duration)
    words, tokens = (_spans(segment, name) for name in (WORD, TOKEN))
    custom = segment.custom or {}
    # As in `Hypothesis.to_dict`, None stands for NaN.
    scores = [custom.get(name) for name in ("acoustic_score", "graph_score")]
    acoustic, graph = (math.nan if score is None else score for score in scores)
    hypothesis = Hypothesis(
        segment.id,
        words,
        tokens,
        (),
        acoustic,
        graph,
        custom.get("reached_final", True),
        custom.get("rule", "MAP"),
    )
    return Placed(check_values(hypothesis), placement)


def _spans(segment: SupervisionSegment, name: str) -> Tuple[Span, ...]:
    spans = []
    for item in segment.alignment.get(name, ()):
        start = item.start - segment.start
        spans.append(Span(item.symbol, round(start, DIGITS), round(start + item.duration, DIGITS), item.score))
    return tuple(spans)


def write_supervisions(placed: Sequence[Placed], path: PathLike) -> None:
    """Writes `to_supervisions` as Lhotse's JSON lines, compressed where the name ends in `.gz`."""
    placements = {one.hypothesis.utterance: one.placement for one in placed}
    supervisions = to_supervisions([one.hypothesis for one in placed], placements)
    with atomic_path(path) as temporary:
        supervisions.to_file(temporary)


def read_supervisions(path: PathLike) -> List[Placed]:
    """Reads a supervision manifest; raises as `from_supervisions`, or HypothesisFileError for what is none."""
    from lhotse import SupervisionSet

    try:
        return from_supervisions(SupervisionSet.from_file(path))
    except HypothesisError:
        raise
    except Exception as error:
        raise HypothesisFileError(
            path, None, f"not a supervision manifest ({type(error).__name__}: {error})"
        ) from error
