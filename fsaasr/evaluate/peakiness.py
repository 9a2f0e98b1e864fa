"""How a model spreads its tokens over time: in spikes or over all frames."""

from __future__ import annotations

from typing import Iterable, Tuple

import numpy as np

from fsaasr.core.errors import EvaluationError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import FloatArray, Seconds


def blank_share(log_posteriors: Iterable[FloatArray], blank: int = 0) -> Tuple[float, float]:
    """Share of the frames in which blank is the most probable column, 0 .. 1, and mean entropy of the frames in nats.

    A peaky CTC model has a large share and a small entropy (Zeyer, Schlüter and Ney, "Why does CTC result in peaky
    behavior?", 2021).

    Args:
      log_posteriors: (T, C) of each utterance.
      blank: its column.

    Raises:
      EvaluationError: no frames.
    """
    frames, blanks, entropy = 0, 0, 0.0
    for rows in log_posteriors:
        frames += len(rows)
        blanks += int((rows.argmax(axis=1) == blank).sum())
        entropy -= float((np.exp(rows) * np.maximum(rows, -100.0)).sum(dtype=np.float64))
    if not frames:
        raise EvaluationError("blank_share: no frames; give the posteriors of at least one utterance")
    return blanks / frames, entropy / frames


def token_coverage(aligned: Iterable[Hypothesis], durations: Iterable[Seconds], silence: str = "") -> float:
    """Share of the time, 0 .. 1, that an alignment gives to tokens; the rest is blank or silence.

    Args:
      aligned: hypotheses with tokens. durations: of their utterances, in the same order.
      silence: token that does not count; empty for none.

    Raises:
      EvaluationError: no time.
    """
    covered = total = 0.0
    for hypothesis, duration in zip(aligned, durations):
        total += duration
        covered += sum(token.end - token.start for token in hypothesis.tokens if token.name != silence)
    if total <= 0.0:
        raise EvaluationError("token_coverage: no time; give at least one utterance that lasts")
    return covered / total
