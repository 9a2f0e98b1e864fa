"""`SpeakerAdapter`: transforms of the training speakers, renewed with every alignment (speaker adaptive training)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import FloatArray
from fsaasr.features import FeatureBatch
from fsaasr.models.diag_gmm import DiagGmm, Float64
from fsaasr.models.speaker_adaptation import AdaptationConfig, SpeakerTransforms, speaker_names
from fsaasr.train.aligned_frames import AlignedFrames, align_frames, aligned_expectation
from fsaasr.train.expectation import HmmUtterance
from fsaasr.train.fmllr import AlignedSpeech, estimate_transforms
from fsaasr.train.gmm_statistics import maximise

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SpeakerAdapter:
    """The training speakers' features, and how they are adapted. Anastasakos et al. 1996; Gales 1998, section 4.

    Attributes:
      features: of the training data, before the transforms.
      config: how transforms are estimated.
      weights: float64 (C,), what a frame of each of the trained columns counts.
    """

    features: FeatureBatch
    config: AdaptationConfig
    weights: Float64

    @property
    def speakers(self) -> Sequence[str]:
        """Whose transform each utterance gets."""
        return speaker_names(self.features.ids, self.features.speakers)

    def matrices(self, transforms: SpeakerTransforms) -> List[FloatArray]:
        """Adapted features of each utterance."""
        return [transforms.apply(matrix, name) for matrix, name in zip(self.features.matrices, self.speakers)]

    def utterances(self, utterances: Sequence[HmmUtterance], transforms: SpeakerTransforms) -> List[HmmUtterance]:
        """The training utterances with adapted features."""
        pairs = zip(utterances, self.matrices(transforms))
        return [replace(utterance, matrix=matrix) for utterance, matrix in pairs]

    def log_determinants(self, transforms: SpeakerTransforms) -> float:
        """What the transforms add to the log likelihood of all frames."""
        places = [transforms.place(name) for name in self.speakers]
        return float(transforms.log_determinants[places] @ [len(matrix) for matrix in self.features.matrices])

    def renewed(self, gmm: DiagGmm, aligned: AlignedFrames, start: SpeakerTransforms) -> SpeakerTransforms:
        """Transforms, better than those to start with, for the paths of an alignment; see `estimate_transforms`."""
        ends = np.cumsum([len(matrix) for matrix in self.features.matrices])
        columns = np.split(aligned.columns, ends[:-1])
        speech = AlignedSpeech(self.features.matrices, columns, self.speakers, self.weights)
        return estimate_transforms(speech, gmm, start, self.config)

    def frames(self, aligned: AlignedFrames, transforms: SpeakerTransforms) -> AlignedFrames:
        """The same paths with other transforms' features."""
        return aligned.with_frames(np.concatenate(self.matrices(transforms)), self.log_determinants(transforms))

    def unadapted(
        self,
        gmm: DiagGmm,
        transitions: FloatArray,
        utterances: Sequence[HmmUtterance],
        floor: Float64,
        min_occupancy: float,
        threads: int = 1,
    ) -> DiagGmm:
        """Mixtures for features as they are: their moments, with the posteriors that adapted features give.

        Args:
          gmm, transitions: the trained model.
          utterances: with adapted features.
          floor: float64 (D,), least variances. min_occupancy: as in `maximise`.
          threads: the result does not depend on it.
        """
        aligned = align_frames(gmm, transitions, utterances, threads)
        observed = np.concatenate(self.features.matrices)[aligned.order]
        return maximise(aligned_expectation(gmm, transitions, aligned, observed), floor, min_occupancy)
