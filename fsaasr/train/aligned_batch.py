"""`AlignedBatch`: features with the score column of every frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import TrainingError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.features import FeatureBatch
from fsaasr.models.gmm_front import GmmFront

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class AlignedBatch:
    """Utterances whose frames are labelled.

    Attributes:
      features: N matrices (T_n, F).
      paths: N int64 (T_n,), the score column of each frame.
      front: what the features shall go through, with the transforms of these speakers, if it adapts to any.

    Raises:
      TrainingError: an utterance with another number of columns than frames; names it.
    """

    features: FeatureBatch
    paths: Tuple[Int64, ...]
    front: Optional[GmmFront] = None

    def __post_init__(self) -> None:
        if len(self.paths) != len(self.features):
            raise TrainingError(
                f"AlignedBatch: {len(self.paths)} paths for {len(self.features)} utterances; align these features"
            )
        for name, matrix, path in zip(self.features.ids, self.features.matrices, self.paths):
            if path.shape != (len(matrix),):
                raise TrainingError(
                    f"AlignedBatch: utterance {name!r} has {len(matrix)} frames, its alignment {len(path)}; align with "
                    "a model of the same frame shift"
                )

    @cached_property
    def inputs(self) -> FeatureBatch:
        """The features behind the front."""
        return self.features if self.front is None else self.front.through(self.features)

    @classmethod
    def from_alignments(
        cls, features: FeatureBatch, alignments: Sequence[Hypothesis], front: Optional[GmmFront] = None
    ) -> AlignedBatch:
        """Takes the columns of alignments, which may be of other features of the same utterances.

        Raises:
          TrainingError: alignments of other utterances or in another order; or as the class.
        """
        names = tuple(alignment.utterance for alignment in alignments)
        if names != features.ids:
            other = next((a for a, b in zip(names, features.ids) if a != b), f"{len(names)} of them")
            raise TrainingError(
                f"AlignedBatch: alignments of other utterances ({other!r}) than the {len(features)} of the features; "
                "align these, in their order"
            )
        return cls(features, tuple(np.array(alignment.columns, dtype=np.int64) for alignment in alignments), front)

    def counts(self, columns: int) -> Int64:
        """int64 (C,): frames of each of `columns` columns."""
        counted: Int64 = np.bincount(np.concatenate(self.paths), minlength=columns).astype(np.int64)
        return counted
