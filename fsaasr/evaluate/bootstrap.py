"""Bootstrap confidence intervals of error rates."""

from __future__ import annotations

from typing import Dict, List, Literal, Tuple, Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate.error_report import ErrorReport
from fsaasr.evaluate.student import expanded_tail, inflation_of

_MAX_CELLS = 4_000_000

By = Literal["utterance", "speaker"]
"""What is drawn: single utterances, or speakers with all their utterances."""

Amounts = Union[npt.NDArray[np.int64], npt.NDArray[np.float64]]


def bootstrap_interval(
    report: ErrorReport,
    by: By = "utterance",
    *,
    confidence: float = 0.95,
    samples: int = 10_000,
    seed: int = 0,
) -> Tuple[float, float]:
    """Bootstrap interval of the error rate (Bisani and Ney 2004, "Bootstrap estimates ...").

    Draws test sets of as many utterances (or speakers, with all their utterances) as there are, with
    replacement, and takes quantiles of their error rates, somewhat further out where they are few (`expanded_tail`).
    Drawing speakers is right where one speaker's utterances resemble each other. Without any error the interval is
    (0, 0), which says nothing of the next test set. Test sets that happen to have no reference word are left out.

    Args:
      report: the errors.
      by: what is drawn.
      confidence: coverage, in (0, 1).
      samples: number of test sets drawn, at least 100.
      seed: seed; the same one gives the same interval.

    Returns:
      Lower and upper end, fractions as `ErrorReport.rate`.

    Raises:
      EvaluationError: fewer than two utterances or speakers, speakers unknown, an option out of range.
    """
    check_options("bootstrap_interval", confidence, samples)
    errors, words = units_of(report, by, "bootstrap_interval")
    if len(errors) < 2:
        raise EvaluationError(
            f"bootstrap_interval: {len(errors)} {by}; at least 2 are needed to estimate how much they differ"
        )
    rates = resampled_rates(errors, words, samples, np.random.default_rng(seed))
    tail = expanded_tail((1.0 - confidence) / 2.0, len(errors) - 1, inflation_of(len(errors)))
    low, high = np.quantile(rates, [tail, 1.0 - tail])
    return float(low), float(high)


def check_options(function: str, confidence: float, samples: int) -> None:
    """Raises EvaluationError for options of a bootstrap that are out of range."""
    if not 0.0 < confidence < 1.0 or samples < 100:
        raise EvaluationError(
            f"{function}: confidence {confidence}, samples {samples}; expected 0 < confidence < 1 and samples >= 100"
        )


def units_of(report: ErrorReport, by: By, function: str) -> Tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Errors and words (int64, one entry each) of every utterance or speaker; `function` asks for them."""
    groups: Dict[str, List[int]] = {}
    if by not in ("utterance", "speaker"):
        raise EvaluationError(f"{function}: by is {by!r}, expected 'utterance' or 'speaker'")
    for entry in report.utterances:
        key = entry.utterance if by == "utterance" else entry.speaker
        if key is None:
            raise EvaluationError(
                f"{function}: utterance {entry.utterance!r} has no speaker; give speakers to word_errors"
            )
        group = groups.setdefault(key, [0, 0])
        group[0] += entry.counts.errors
        group[1] += entry.counts.words
    table = np.array(list(groups.values()), dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def resampled_rates(
    errors: Amounts, words: npt.NDArray[np.int64], samples: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Errors a word (or differences of errors) of test sets drawn with replacement; those without words left out."""
    size = len(errors)
    rows = max(1, _MAX_CELLS // size)
    parts = []
    for begin in range(0, samples, rows):
        drawn = rng.integers(size, size=(min(rows, samples - begin), size))
        total = words[drawn].sum(axis=1)
        kept = total > 0
        parts.append(errors[drawn].sum(axis=1)[kept] / total[kept])
    rates: npt.NDArray[np.float64] = np.concatenate(parts)
    if not len(rates):
        raise EvaluationError("bootstrap: no drawn test set has a reference word; give more references")
    return rates
