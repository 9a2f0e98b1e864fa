"""How probable each word of a hypothesis is: posteriors, and their calibration with one parameter."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import FileFormatError, LatticeError
from fsaasr.core.files import PathLike, read_json, write_json
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.lattice.risk.placement import placed, reference_of
from fsaasr.lattice.risk.weighted_words import weighted_words
from fsaasr.lattice.scored_paths import ScoredPaths

Float64 = npt.NDArray[np.float64]

NEAREST = 1e-6
"""Confidences are kept this far from 0 and 1, where logits end."""
LARGEST_POWER = 64.0
GOLDEN = (math.sqrt(5) - 1) / 2


def with_confidence(
    hypothesis: Hypothesis,
    lattice: ScoredPaths,
    acoustic_scale: float = 1.0,
    lm_scale: float = 1.0,
    word_insertion_penalty: float = 0.0,
    ignore: Sequence[str] = (),
) -> Hypothesis:
    """The hypothesis with each word's posterior, as `mbr_decode` would give it, did it choose these words.

    Args:
      hypothesis: any words, of any rule; those that the lattice does not have where they stand get 0.
      lattice: of the same utterance; a `Lattice` will do.
      acoustic_scale, lm_scale, word_insertion_penalty: as in `best_path`; they set how sharp the posteriors are.
      ignore: words that are not counted; they keep the confidence that they had.

    Raises:
      LatticeError: the lattice is of another utterance, or as `mbr_decode`.
    """
    if hypothesis.utterance != lattice.utterance:
        raise LatticeError(
            f"with_confidence: a hypothesis of {hypothesis.utterance!r}, but the lattice of {lattice.utterance!r}"
        )
    arcs = weighted_words([lattice], (acoustic_scale, lm_scale, word_insertion_penalty), ignore, [1.0])
    counted = [number for number, word in enumerate(hypothesis.words) if word.name not in ignore]
    reference = reference_of([hypothesis.words[number] for number in counted], arcs, lattice.frame_shift)
    posterior = placed(arcs, reference).posterior[1::2]
    words = list(hypothesis.words)
    for row, (number, place) in enumerate(zip(counted, reference.words.tolist())):
        confidence = min(float(posterior[row, place]), 1.0) if place >= 0 else 0.0
        words[number] = words[number]._replace(confidence=confidence)
    return replace(hypothesis, words=tuple(words))


@dataclass(frozen=True)
class ConfidenceCalibration:
    """Confidences c become c**power / (c**power + (1 - c)**power): their logits times `power`, order unchanged.

    Posteriors are too sure where frames are taken for independent and where a beam left few rivals; a power mends both.
    Scaling the lattice's scores instead, which is one parameter too, leaves the posterior of a word without rivals 1
    at any scale, and calibrates worse.

    Attributes:
      power: > 0; below 1 for confidences that were too sure of themselves.
    """

    power: float

    def __post_init__(self) -> None:
        if not 0 < self.power < math.inf:
            raise LatticeError(f"ConfidenceCalibration: power is {self.power}, expected a number above 0")

    @classmethod
    def fit(cls, confidences: npt.ArrayLike, correct: npt.ArrayLike) -> ConfidenceCalibration:
        """The power of greatest likelihood of which words were correct; convex, found by golden-section search.

        Args:
          confidences: float (n,), of words of held-out utterances, in 0 .. 1.
          correct: bool (n,), whether each was right; both must occur. `fsaasr.evaluate.judge_words` gives the two.

        Raises:
          LatticeError: no words, words of one kind only, lengths that differ, or a confidence outside 0 .. 1.
        """
        right, values = np.asarray(correct, dtype=bool), np.asarray(confidences, dtype=np.float64)
        if len(right) != len(values):
            raise LatticeError(f"ConfidenceCalibration.fit: {len(values)} confidences, {len(right)} judgements")
        if right.all() or not right.any():
            raise LatticeError(
                f"ConfidenceCalibration.fit: {int(right.sum())} of {len(right)} words are correct; a calibration needs "
                "words that are and words that are not: use more utterances, or harder ones"
            )
        sign = np.where(right, 1.0, -1.0) * _logits(values)

        def surprise(power: float) -> float:
            return float(np.logaddexp(0.0, -power * sign).sum())

        low, high = 0.0, LARGEST_POWER
        while high - low > 1e-7:
            left, right_point = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
            if surprise(left) <= surprise(right_point):
                high = right_point
            else:
                low = left
        return cls((low + high) / 2)

    def __call__(self, hypothesis: Hypothesis) -> Hypothesis:
        """The hypothesis with calibrated confidences; words without confidence stay without."""
        words = [
            word if word.confidence is None else word._replace(confidence=float(self.calibrated([word.confidence])[0]))
            for word in hypothesis.words
        ]
        return replace(hypothesis, words=tuple(words))

    def calibrated(self, confidences: npt.ArrayLike) -> Float64:
        """Calibrated confidences, float64, for confidences in 0 .. 1 of any shape."""
        values: Float64 = np.exp(-np.logaddexp(0.0, -self.power * _logits(confidences)))
        return values

    def save(self, path: PathLike) -> None:
        """Writes JSON."""
        write_json(path, asdict(self))

    @classmethod
    def load(cls, path: PathLike) -> ConfidenceCalibration:
        """Reads what `save` wrote; raises FileFormatError where it is something else."""
        try:
            value = read_json(path)
            if isinstance(value, dict) and set(value) == {"power"} and isinstance(value["power"], (int, float)):
                return cls(float(value["power"]))
        except (ValueError, LatticeError) as error:
            raise FileFormatError(path, None, str(error)) from error
        raise FileFormatError(path, None, f'found {value!r}, expected {{"power": number}}')


def _logits(confidences: npt.ArrayLike) -> Float64:
    values = np.asarray(confidences, dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise LatticeError("ConfidenceCalibration: a confidence that is not in 0 .. 1")
    values = np.clip(values, NEAREST, 1.0 - NEAREST)
    logits: Float64 = np.log(values) - np.log1p(-values)
    return logits
