"""Bootstrap interval of an error rate's mean over several trainings of one system."""

from __future__ import annotations

import math
from typing import Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate.bootstrap import By, check_options, units_of
from fsaasr.evaluate.error_report import ErrorReport
from fsaasr.evaluate.student import expanded_tail, satterthwaite

_MAX_CELLS = 2_000_000


def mean_interval(
    reports: Sequence[ErrorReport],
    by: By = "utterance",
    *,
    confidence: float = 0.95,
    samples: int = 10_000,
    seed: int = 0,
) -> Tuple[float, float]:
    """Bootstrap interval of the mean error rate, test data and trainings both drawn with replacement.

    Quantiles lie further out where either are few (`fsaasr.evaluate.student.expanded_tail`), with degrees of freedom
    of both variances together.

    Args:
      reports: K >= 2, one a training, of the same utterances.
      by: what is drawn of the test data, utterances or whole speakers.
      confidence: coverage, in (0, 1).
      samples: how often to draw, at least 100.
      seed: the same one gives the same interval.

    Returns:
      Lower and upper end, fractions.

    Raises:
      EvaluationError: fewer than two reports, utterances or speakers, other utterances, no reference word, an option.
    """
    check_options("mean_interval", confidence, samples)
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
    errors = np.stack([units_of(report, by, "mean_interval")[0] for report in reports])
    words = units_of(reports[0], by, "mean_interval")[1]
    if len(words) < 2:
        raise EvaluationError(f"mean_interval: {len(words)} {by}; expected two or more to draw from")
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
    tail = _tail((1.0 - confidence) / 2.0, errors, words, float(rates.var()))
    low, high = np.quantile(rates, [tail, 1.0 - tail])
    return float(low), float(high)


def _tail(tail: float, errors: npt.NDArray[np.int64], words: npt.NDArray[np.int64], drawn_variance: float) -> float:
    """That of draws with such a variance, where both the test data and the trainings were drawn."""
    trainings, units = errors.shape
    total = words.sum()
    mean = errors.mean(axis=0)
    of_units = units / (units - 1) * float(((mean - mean.sum() / total * words) ** 2).sum()) / total**2
    of_trainings = float((errors.sum(axis=1) / total).var(ddof=1)) / trainings
    variance = of_units + of_trainings
    if not variance or not drawn_variance:
        return tail
    freedom = satterthwaite([(of_units, units - 1), (of_trainings, trainings - 1)])
    return expanded_tail(tail, freedom, math.sqrt(variance / drawn_variance))
