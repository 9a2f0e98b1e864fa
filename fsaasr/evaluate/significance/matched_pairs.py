"""The matched-pairs test of two systems' errors, segment by segment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate.error_report import ErrorReport
from fsaasr.evaluate.significance.segments import BUFFER, Cut, segment_errors
from fsaasr.evaluate.student import normal_p, satterthwaite, student_p

LEVEL = 0.05
"""Probability of finding a difference where there is none."""

_LEVEL_Z = 1.959963984540054
"""What `z` must exceed at `LEVEL`."""


@dataclass(frozen=True)
class MatchedPairs:
    """What the test found.

    Attributes:
      words: of the references.
      segments: where one of the systems errs. differing: those where they do not err equally often.
      difference: word error rate of the first less that of the second, a fraction.
      deviation: standard deviation of the segments' differences, in errors; NaN of fewer than two segments.
      z: the statistic, standard normal where the systems are equally good.
      p: two-sided, for the models at hand.
      p_methods: two-sided, for the methods that they came from, trained with other seeds; None where neither system
        has several trainings.
    """

    words: int
    segments: int
    differing: int
    difference: float
    deviation: float
    z: float
    p: float
    p_methods: Optional[float] = None

    @property
    def smallest_difference(self) -> float:
        """The smallest difference, a fraction, that is significant at `LEVEL` if segments differ as these do."""
        return max(self._spread, float(fewest_differing())) / self.words

    @property
    def words_needed(self) -> Optional[int]:
        """Words at which this difference would be significant, in a test set of the same kind; None without one."""
        if not self.differing or not self.difference:
            return None
        # Errors spread with the root of the number of words; segments that differ grow with it.
        by_spread = (self._spread / (abs(self.difference) * self.words)) ** 2
        return math.ceil(self.words * max(by_spread, fewest_differing() / self.differing))

    @property
    def _spread(self) -> float:
        """Errors by which the sums must differ to be significant."""
        return _LEVEL_Z * self.deviation * math.sqrt(self.segments) if self.segments > 1 else 0.0


def fewest_differing(level: float = LEVEL) -> int:
    """Segments that must differ for any significance: of fewer, all may favour one system by chance."""
    return next(number for number in range(1, 64) if _least_p(number) <= level)


def _least_p(differing: int) -> float:
    """That of all segments favouring one system, where each favours either with equal probability."""
    return min(1.0, 2.0 ** (1 - differing))


def matched_pairs(
    first: Sequence[ErrorReport], second: Sequence[ErrorReport], cut: Cut = "words", buffer: int = BUFFER
) -> MatchedPairs:
    """Matched-pairs sentence-segment word error test (MAPSSWE) of two systems on one test set.

    After Gillick and Cox, "Some statistical issues in the comparison of speech recognition algorithms", ICASSP 1989,
    as in NIST's sc_stats: the mean difference over segments against its standard error. Unlike there, `p` is never
    below what the number of differing segments allows, 2 ** (1 - number), so that a handful of segments that agree by
    chance proves nothing; six that differ are the fewest that can.

    Trainings of a system with several seeds count by their mean. `p` tells of these very models. `p_methods` adds the
    variance over seeds of the word error rate, with as many degrees of freedom as its parts have together (Welch and
    Satterthwaite); it is somewhat too large, as part of that variance is in the segments' already.

    Args:
      first, second: of each system one report a training, all of the same references.
      cut, buffer: as in `segment_errors`.

    Raises:
      EvaluationError: reports of other references, a wrong option.
    """
    table = segment_errors(first, second, cut, buffer)
    words = first[0].words
    if not words:
        raise EvaluationError("matched_pairs: no reference has a word; score transcribed utterances")
    differences = table[:, 0] - table[:, 1]
    total, count = float(differences.sum()), len(differences)
    differing = int((np.abs(differences) > 1e-9).sum())
    deviation = float(differences.std(ddof=1)) if count > 1 else math.nan
    z = _ratio(total, deviation * math.sqrt(count) if count > 1 else 0.0)
    p = max(normal_p(z), _least_p(differing))
    methods = _methods_p(differences, words, [first, second]) if max(len(first), len(second)) > 1 else None
    return MatchedPairs(
        words, count, differing, total / words, deviation, z, p, None if methods is None else max(methods, p)
    )


def _ratio(value: float, error: float) -> float:
    if value == 0.0:
        return 0.0
    return value / error if error > 0.0 else math.copysign(math.inf, value)


def _methods_p(differences: npt.NDArray[np.float64], words: int, systems: Sequence[Sequence[ErrorReport]]) -> float:
    """Two-sided p of the mean difference with the variance over seeds in its error."""
    count = len(differences)
    parts: List[Tuple[float, int]] = []
    if count > 1:
        parts.append((float(differences.var(ddof=1)) * count / words**2, count - 1))
    for reports in systems:
        if len(reports) > 1:
            rates = np.array([report.rate for report in reports])
            parts.append((float(rates.var(ddof=1)) / len(rates), len(rates) - 1))
    variance = sum(part for part, _ in parts)
    t = _ratio(float(differences.sum()) / words, math.sqrt(variance))
    if variance == 0.0:
        return student_p(t, 1)
    return student_p(t, satterthwaite(parts))
