"""`AcousticModel`: what a recognizer needs to know of any model, whatever its family."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Protocol, Sequence, Tuple, Union, runtime_checkable

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import ModelError
from fsaasr.core.scores import FloatArray, Scores, Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.graph import Topology

Features = Union[FeatureBatch, Sequence[npt.ArrayLike]]
"""A batch with ids, or N matrices (T_n, F)."""


class AcousticModel(Protocol):
    """Features in, `Scores` out; all else about a model is what its graphs and its directory need."""

    @property
    def family(self) -> str:
        """Key of the model's class in `FAMILIES`."""

    @property
    def topology(self) -> Union[str, Topology]:
        """The topology that its score columns follow, by name where it is one that ships."""

    @property
    def tokens(self) -> SymbolTable:
        """Tokens, without blank."""

    @property
    def transitions(self) -> Optional[FloatArray]:
        """float32 (C, W): log probabilities to stay in and to leave each column, see `graph.Moves`, or None."""

    @property
    def features(self) -> FeatureConfig:
        """How its features are extracted."""

    @property
    def frame_shift(self) -> Seconds:
        """Seconds between two rows of its scores, subsampling included."""

    def scores(self, features: Features, ids: Sequence[str] = ()) -> Scores:
        """Scores of a batch; each utterance's are the same as when it is scored alone, to 1e-5.

        Args:
          features: a FeatureBatch, or N matrices (T_n, F).
          ids: N utterance ids; those of the FeatureBatch where left out.

        Raises:
          ModelError: no utterance, or features of another dimension; names the utterance.
        """

    def description(self) -> Mapping[str, Any]:
        """What `from_parts` needs beside tensors, as JSON-ready values."""

    def tensors(self) -> Dict[str, npt.NDArray[Any]]:
        """All parameters, by name."""


@runtime_checkable
class PriorModel(AcousticModel, Protocol):
    """A model whose scores are log posteriors less scaled log priors."""

    @property
    def log_priors(self) -> FloatArray:
        """float32 (C,)."""

    def with_prior_scale(self, prior_scale: float) -> AcousticModel:
        """The same model with another scale, >= 0, of its log priors."""


def prior_model(model: AcousticModel) -> PriorModel:
    """The model itself; raises ModelError where it has no priors."""
    if not isinstance(model, PriorModel):
        raise ModelError(
            f"prior_scale: a model of family {model.family!r} has no priors; leave the prior scale out of its scales"
        )
    return model


def at_prior_scale(model: AcousticModel, prior_scale: Optional[float]) -> AcousticModel:
    """The model at a prior scale, None for its own; raises ModelError for a scale and a model without priors."""
    return model if prior_scale is None else prior_model(model).with_prior_scale(prior_scale)


def matrices_of(
    features: Features, ids: Sequence[str], dimension: int, function: str
) -> Tuple[Tuple[FloatArray, ...], Tuple[str, ...]]:
    """Checks the input of `scores`: float32 matrices (T_n, F) and an id for each.

    Raises:
      ModelError: as `AcousticModel.scores`.
    """
    if isinstance(features, FeatureBatch):
        ids = tuple(ids) or features.ids
        features = features.matrices
    matrices = tuple(np.asarray(matrix, dtype=np.float32) for matrix in features)
    ids = tuple(ids) or tuple(f"utt{n}" for n in range(len(matrices)))
    if not matrices or len(ids) != len(matrices):
        raise ModelError(f"{function}: {len(matrices)} utterances with {len(ids)} ids; give at least one, one id each")
    for matrix, name in zip(matrices, ids):
        if matrix.ndim != 2 or matrix.shape[1] != dimension or len(matrix) == 0:
            raise ModelError(
                f"{function}: utterance {name!r} has features of shape {matrix.shape}, expected (T, {dimension}) with "
                "T >= 1; extract them with the model's own feature configuration"
            )
    return matrices, ids
