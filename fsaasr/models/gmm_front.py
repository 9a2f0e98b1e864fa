"""`GmmFront`: features as a GMM-HMM hears them, for a network to hear them so, too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import FloatArray
from fsaasr.features import FeatureBatch
from fsaasr.features.streaming import Piecewise
from fsaasr.models.gmm import GmmModel
from fsaasr.models.score_stream import ScoreStream, refuse_adaptation
from fsaasr.models.speaker_adaptation import SpeakerTransforms, speaker_names

_PREFIX = "front."


@dataclass(frozen=True, eq=False)
class GmmFront:
    """The transforms of a GMM-HMM: of spliced frames, and of speakers where it was trained on adapted features.

    Attributes:
      gmm: the model; it also finds the transforms of new speakers, so its score columns are those of the model behind.
      transforms: of the speakers at hand; without them features are not adapted.
    """

    gmm: GmmModel
    transforms: Optional[SpeakerTransforms] = None

    def __post_init__(self) -> None:
        # The model finds transforms of whatever speakers come, so it must not stand for any already.
        object.__setattr__(self, "gmm", replace(self.gmm, transforms=None))

    @property
    def outputs(self) -> int:
        """D, features a frame."""
        return self.gmm.gmm.dimension

    def with_transforms(self, transforms: Optional[SpeakerTransforms]) -> GmmFront:
        """For these speakers; raises ModelError where they do not fit, see `GmmModel.adapted`."""
        return replace(self, transforms=None if transforms is None else self.gmm.adapted(transforms).transforms)

    def apply(self, matrices: Sequence[FloatArray], owners: Sequence[str]) -> Tuple[FloatArray, ...]:
        """Features (T_n, F) to (T_n, D).

        Args:
          matrices: N utterances.
          owners: whose transform each one gets, see `speaker_names`.

        Raises:
          ModelError: a speaker without a transform, where there are transforms.
        """
        heard = self.gmm.transformed(matrices)
        if self.transforms is None:
            return heard
        return tuple(self.transforms.apply(matrix, owner) for matrix, owner in zip(heard, owners))

    def stream(self) -> ScoreStream:
        """Features in, features (T, D) out, as they come; raises ModelError where they are adapted to speakers."""
        if self.gmm.adaptation is not None:
            raise refuse_adaptation("GmmFront")
        reach = self.gmm.context
        return Piecewise(
            lambda rows: self.apply([rows], [""])[0], np.zeros((0, self.outputs), np.float32), reach, reach
        )

    def through(self, features: FeatureBatch) -> FeatureBatch:
        """The batch with features of D dimensions, at all its speeds; transforms are those of the speed 1."""
        owners = speaker_names(features.ids, features.speakers)
        at_speed = {speed: self.apply(matrices, owners) for speed, matrices in features.at_speed.items()}
        return replace(features, matrices=self.apply(features.matrices, owners), at_speed=at_speed)

    def tensors(self) -> Dict[str, npt.NDArray[Any]]:
        """Parameters by name, without the transforms of speakers."""
        return {f"{_PREFIX}{name}": array for name, array in self.gmm.tensors().items()}

    @classmethod
    def from_parts(cls, description: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]]) -> GmmFront:
        """Inverse of the GMM's `description` and `tensors`; raises KeyError where one is missing."""
        own = {name[len(_PREFIX) :]: array for name, array in tensors.items() if name.startswith(_PREFIX)}
        return cls(GmmModel.from_parts(description, own))
