"""Bootstrap interval of an error rate's mean over several trainings of one system."""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate.error_report import ErrorReport

_MAX_CELLS = 2_000_000


def mean_interval(
    reports: Sequence[ErrorReport], *, confidence: float = 0.95, samples: int = 10_000, seed: int = 0
) -> Tuple[float, float]:
    """Percentile bootstrap interval of the mean error rate, utterances and trainings both drawn with replacement.

    Args:
      reports: K >= 2, one a training, of the same utterances.
      confidence: coverage, in (0, 1).
      samples: how often to draw, at least 100.
      seed: the same one gives the same interval.

    Returns:
      Lower and upper end, fractions.

    Raises:
      EvaluationError: fewer than two reports or utterances, other utterances, no reference word, a wrong option.
    """
    if not 0.0 < confidence < 1.0 or samples < 100:
        raise EvaluationError(
            f"mean_interval: confidence {confidence}, samples {samples}; expected 0 < confidence < 1 and samples >= 100"
        )
    if len(reports) < 2 or len(reports[0].utterances) < 2:
        raise EvaluationError(
            f"mean_interval: {len(reports)} reports; expected two or more, of two or more utterances each"
        )
    names = [entry.utterance for entry in reports[0].utterances]
    for number, report in enumerate(reports):
        if [entry.utterance for entry in report.utterances] != names:
            raise EvaluationError(
                f"mean_interval: report {number + 1} is not of the utterances of the first; score the same test set"
            )
    errors = np.array([[entry.counts.errors for entry in report.utterances] for report in reports], dtype=np.int64)
    words = np.array([entry.counts.words for entry in reports[0].utterances], dtype=np.int64)
    rng = np.random.default_rng(seed)
    rows = max(1, _MAX_CELLS // errors.size)
    means = []
    for begin in range(0, samples, rows):
        count = min(rows, samples - begin)
        drawn = rng.integers(len(words), size=(count, len(words)))
        trainings = rng.integers(len(errors), size=(count, len(errors)))
        of_each = errors[:, drawn].sum(axis=2)
        total = words[drawn].sum(axis=1)
        mean = np.take_along_axis(of_each.T, trainings, axis=1).mean(axis=1)
        means.append(mean[total > 0] / total[total > 0])
    rates = np.concatenate(means)
    if not len(rates):
        raise EvaluationError("mean_interval: no drawn test set has a reference word; give more references")
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(rates, [tail, 1.0 - tail])
    return float(low), float(high)
