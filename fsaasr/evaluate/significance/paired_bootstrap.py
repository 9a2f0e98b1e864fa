"""The bootstrap of two systems' difference on one test set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import numpy as np

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate.bootstrap import By, check_options, resampled_rates, units_of
from fsaasr.evaluate.error_report import ErrorReport
from fsaasr.evaluate.significance.segments import check_same
from fsaasr.evaluate.student import expanded_tail, inflation_of, p_of_share


@dataclass(frozen=True)
class PairedBootstrap:
    """What drawing test sets anew says of a difference.

    Attributes:
      difference: word error rate of the first less that of the second, a fraction.
      low, high: ends of its interval.
      improvement: share of the test sets drawn on which the first has fewer errors; ties count half.
      p: two-sided, of the share of the test sets on which the difference has the other sign, or none.
    """

    difference: float
    low: float
    high: float
    improvement: float
    p: float


def paired_bootstrap(
    first: Sequence[ErrorReport],
    second: Sequence[ErrorReport],
    by: By = "utterance",
    *,
    confidence: float = 0.95,
    samples: int = 10_000,
    seed: int = 0,
) -> PairedBootstrap:
    """Draws test sets with replacement, the same for both systems (Bisani and Ney, ICASSP 2004).

    Drawing whole speakers is right where the utterances of one resemble each other. As they may be few, the interval
    and p are those of an expanded percentile interval (`fsaasr.evaluate.student.expanded_tail`), which errs in 4 to 6
    trials of 100 with eight speakers as with many (`python -m tools.null_rate`). Trainings with several seeds count by
    their mean.

    Args:
      first, second: of each system one report a training, all of the same references.
      by: what is drawn.
      confidence: coverage of the interval, in (0, 1). samples: test sets drawn, >= 100. seed: the same one gives the
        same numbers.

    Raises:
      EvaluationError: reports of other references, fewer than two utterances or speakers, a wrong option.
    """
    check_options("paired_bootstrap", confidence, samples)
    check_same([first, second], "paired_bootstrap")
    means = []
    for reports in (first, second):
        errors = np.stack([units_of(report, by, "paired_bootstrap")[0] for report in reports])
        means.append(errors.mean(axis=0))
    words = units_of(first[0], by, "paired_bootstrap")[1]
    if len(words) < 2:
        raise EvaluationError(f"paired_bootstrap: {len(words)} {by}; at least 2 are needed to draw from")
    drawn = resampled_rates(means[0] - means[1], words, samples, np.random.default_rng(seed))
    drawn = np.where(np.abs(drawn) < 1e-12, 0.0, drawn)
    few = (len(words) - 1, inflation_of(len(words)))
    tail = expanded_tail((1.0 - confidence) / 2.0, *few)
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    below, above = int((drawn < 0).sum()), int((drawn > 0).sum())
    ties = len(drawn) - below - above
    p = p_of_share((min(below, above) + ties + 1) / (len(drawn) + 1), *few)
    difference = float((means[0] - means[1]).sum() / words.sum())
    return PairedBootstrap(difference, float(low), float(high), (below + ties / 2) / len(drawn), p)
