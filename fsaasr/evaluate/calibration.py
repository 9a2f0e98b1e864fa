"""Whether confidences mean what they say: of words with confidence 0.8, are 80 % correct?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import EvaluationError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.evaluate.error_report import GAP
from fsaasr.evaluate.scoring import Transcripts, align_units

Float64 = npt.NDArray[np.float64]

NEAREST = 1e-6
"""For the cross entropy, confidences are kept this far from 0 and 1, where one wrong word would cost infinitely."""

NORMAL_95 = 1.959964
"""Standard deviations from the mean within which 95 % of a normal distribution lie."""


class JudgedWords(NamedTuple):
    """Recognized words: float64 (n,) confidences in 0 .. 1, and bool (n,) whether each is correct."""

    confidence: Float64
    correct: npt.NDArray[np.bool_]


def judge_words(references: Transcripts, hypotheses: Iterable[Hypothesis]) -> JudgedWords:
    """Aligns hypotheses with references (kaldialign); a word is correct if it stands beside its like.

    Args:
      references: what was said. hypotheses: with confidences, in any order; deleted words have none and do not count.

    Raises:
      EvaluationError: an utterance without reference, or a word without confidence.
    """
    confidence: List[float] = []
    correct: List[bool] = []
    for hypothesis in hypotheses:
        if hypothesis.utterance not in references:
            raise EvaluationError(f"judge_words: utterance {hypothesis.utterance!r} has no reference; give one")
        for word in hypothesis.words:
            if word.confidence is None:
                raise EvaluationError(
                    f"judge_words: utterance {hypothesis.utterance!r}: word {word.name!r} has no confidence; compute "
                    "confidences from the lattices first"
                )
            confidence.append(word.confidence)
        pairs = align_units(references[hypothesis.utterance], [word.name for word in hypothesis.words])
        correct += [reference == word for reference, word in pairs if word != GAP]
    return JudgedWords(np.array(confidence, np.float64), np.array(correct, bool))


class CalibrationBin(NamedTuple):
    """Words whose confidence lies in `low` .. `high` (the upper end belongs to the next bin, 1 to the last).

    Attributes:
      low, high: bounds. words: how many.
      confidence, accuracy: mean confidence, and share of correct words; None where there are no words.
    """

    low: float
    high: float
    words: int
    confidence: Optional[float]
    accuracy: Optional[float]

    @property
    def accuracy_interval(self) -> Tuple[float, float]:
        """Where the accuracy of words like these lies, with 95 % certainty; 0 .. 1 where there are none.

        E. B. Wilson 1927, "Probable inference, the law of succession, and statistical inference".
        """
        if self.accuracy is None:
            return 0.0, 1.0
        spread = NORMAL_95**2 / self.words
        middle = self.accuracy + spread / 2
        reach = math.sqrt(spread * (self.accuracy * (1 - self.accuracy) + spread / 4))
        return max((middle - reach) / (1 + spread), 0.0), min((middle + reach) / (1 + spread), 1.0)


@dataclass(frozen=True)
class CalibrationReport:
    """How well confidences fit what is correct.

    Attributes:
      bins: of equal width, from 0 to 1; what a reliability diagram shows.
      cross_entropy: normalized, None where all words are correct or none is: what of the uncertainty about which words
        are correct the confidences take away; 1 at best, 0 for those that all equal the accuracy, below for worse.
    """

    bins: Tuple[CalibrationBin, ...]
    cross_entropy: Optional[float]

    @property
    def words(self) -> int:
        """Words judged."""
        return sum(row.words for row in self.bins)

    @property
    def accuracy(self) -> float:
        """Share of correct words."""
        return sum(row.words * (row.accuracy or 0.0) for row in self.bins) / self.words

    @property
    def confidence(self) -> float:
        """Mean confidence."""
        return sum(row.words * (row.confidence or 0.0) for row in self.bins) / self.words

    @property
    def expected_error(self) -> float:
        """Expected calibration error: mean distance of confidence and accuracy, bin by bin, weighted by words."""
        gaps = (row.words * abs((row.confidence or 0.0) - (row.accuracy or 0.0)) for row in self.bins)
        return sum(gaps) / self.words


def calibration(confidence: Sequence[float], correct: Sequence[bool], bins: int = 10) -> CalibrationReport:
    """Sorts words into bins of equal width and compares confidence with accuracy.

    Pakdaman Naeini, Cooper, Hauskrecht 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning" (the
    expected calibration error); Siu, Gish 1999, "Evaluation of word confidence for speech recognition systems"
    (the normalized cross entropy, as NIST's sclite has it).

    Args:
      confidence: (n,) in 0 .. 1. correct: (n,); both as `judge_words` gives them.
      bins: at least 1.

    Raises:
      EvaluationError: no words, lengths that differ, a confidence outside 0 .. 1, or no bins.
    """
    sure, right = np.asarray(confidence, np.float64), np.asarray(correct, bool)
    if bins < 1 or not len(sure) or sure.shape != right.shape:
        raise EvaluationError(
            f"calibration: {len(sure)} confidences, {len(right)} judgements, {bins} bins; expected equally many "
            "words, at least one, and at least one bin"
        )
    if not ((sure >= 0) & (sure <= 1)).all():
        raise EvaluationError(f"calibration: confidence {sure[~((sure >= 0) & (sure <= 1))][0]}, expected 0 .. 1")
    place = np.searchsorted(np.arange(1, bins) / bins, sure, side="right")
    count = np.bincount(place, minlength=bins)
    sums = [np.bincount(place, weights=values, minlength=bins) for values in (sure, right)]
    rows = []
    for n in range(bins):
        means = [float(total[n] / count[n]) if count[n] else None for total in sums]
        rows.append(CalibrationBin(n / bins, (n + 1) / bins, int(count[n]), means[0], means[1]))
    return CalibrationReport(tuple(rows), _normalized_cross_entropy(sure, right))


def _normalized_cross_entropy(confidence: Float64, correct: npt.NDArray[np.bool_]) -> Optional[float]:
    accuracy = correct.mean()
    if accuracy in (0.0, 1.0):
        return None
    sure = np.clip(confidence, NEAREST, 1.0 - NEAREST)
    most = -(accuracy * np.log(accuracy) + (1 - accuracy) * np.log(1 - accuracy))
    mean = -np.where(correct, np.log(sure), np.log1p(-sure)).mean()
    return float((most - mean) / most)
