"""`GmmModel`: a GMM-HMM; any topology whose columns are HMM states."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Dict, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ModelError
from fsaasr.core.scores import FloatArray, Scores, Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.features.streaming import Piecewise
from fsaasr.graph import Topology
from fsaasr.models.acoustic_model import Features, matrices_of
from fsaasr.models.diag_gmm import DiagGmm
from fsaasr.models.hmm_topology import check_topology, check_transitions, topology_of, topology_parts
from fsaasr.models.score_stream import ScoreStream, refuse_adaptation
from fsaasr.models.speaker_adaptation import Adaptation, SpeakerTransforms, speaker_names
from fsaasr.models.spliced_transform import SplicedTransform


@dataclass(frozen=True, eq=False)
class GmmModel:
    """Gaussian mixtures for the columns of an HMM topology, with transition probabilities.

    Attributes:
      gmm: one mixture a score column.
      tokens: phones, silence included.
      transitions: float32 (C, W), log probabilities to stay in and to leave each column, see `graph.Moves`.
      features: how its features are extracted.
      topology: `hmm3`, `hmm1` or another with transition probabilities, by name; or one of tied columns, or with
        states of their own for some tokens.
      transform: what is made of the features before the mixtures see them; None for nothing.
      adaptation: what it takes to find the transforms of speakers, of a model that was trained on adapted features.
      transforms: those of the speakers at hand, see `adapted`; not part of what is saved. Without them such a model
        scores with the mixtures for features as they are.

    Raises:
      ModelError: parts that do not fit one another.
    """

    gmm: DiagGmm
    tokens: SymbolTable
    transitions: FloatArray
    features: FeatureConfig
    topology: Union[str, Topology] = "hmm3"
    transform: Optional[SplicedTransform] = None
    adaptation: Optional[Adaptation] = None
    transforms: Optional[SpeakerTransforms] = None
    family: ClassVar[str] = "gmm"

    def __post_init__(self) -> None:
        topology = check_topology(self.topology)
        transitions = check_transitions(
            self.transitions, topology, self.tokens, "mixtures", self.gmm.num_columns, "GmmModel"
        )
        inputs = self.gmm.dimension if self.transform is None else self.transform.inputs
        outputs = inputs if self.transform is None else self.transform.outputs
        if inputs != self.features.dim or outputs != self.gmm.dimension:
            made = "" if self.transform is None else f" made from {inputs} to {outputs}"
            raise ModelError(
                f"GmmModel: mixtures over {self.gmm.dimension} features{made}, but {self.features.dim} are configured"
            )
        if self.adaptation is not None and self.adaptation.unadapted.means.shape != self.gmm.means.shape:
            raise ModelError(
                f"GmmModel: means of unadapted mixtures {self.adaptation.unadapted.means.shape}, of adapted ones "
                f"{self.gmm.means.shape}; expected the same Gaussians, one for one"
            )
        object.__setattr__(self, "transitions", transitions)

    @property
    def frame_shift(self) -> Seconds:
        """Seconds between two frames."""
        return self.features.frame_shift

    @property
    def adapter(self) -> Optional[GmmModel]:
        """The model that finds transforms of speakers: this one, or None if it was not trained with any."""
        return None if self.adaptation is None else self

    def adapted(self, transforms: SpeakerTransforms) -> GmmModel:
        """The model for these speakers.

        Raises:
          ModelError: a model that was not trained on adapted features, or transforms of another dimension.
        """
        if self.adaptation is None or transforms.dimension != self.gmm.dimension:
            raise ModelError(
                f"GmmModel.adapted: transforms of {transforms.dimension} features for mixtures over "
                f"{self.gmm.dimension}{'' if self.adaptation else ', not trained for any'}; give a model of speaker "
                "adaptive training and transforms that it made"
            )
        return replace(self, transforms=transforms)

    def scores(self, features: Features, ids: Sequence[str] = ()) -> Scores:
        """Log likelihoods of each column; see `AcousticModel.scores`.

        With transforms, those of the features before them: the logarithm of the determinant is in it. A speaker of
        kind `identity` is scored as without.

        Raises:
          ModelError: a speaker without a transform, where there are transforms.
        """
        matrices, names = matrices_of(features, ids, self.features.dim, "GmmModel.scores")
        owners = speaker_names(names, features.speakers if isinstance(features, FeatureBatch) else ())
        likelihoods = [self._likelihoods(matrix, name) for matrix, name in zip(self.transformed(matrices), owners)]
        return Scores.from_matrices(likelihoods, self.frame_shift, "hmm", names)

    @property
    def context(self) -> int:
        """Frames on either side that a frame's scores look at."""
        return 0 if self.transform is None else self.transform.context

    def score_stream(self) -> ScoreStream:
        """See `StreamingModel.score_stream`."""
        if self.adaptation is not None:
            raise refuse_adaptation("GmmModel")
        nothing = np.zeros((0, self.gmm.num_columns), np.float32)
        return Piecewise(lambda rows: self.scores([rows]).utterance(0), nothing, self.context, self.context)

    def _likelihoods(self, matrix: FloatArray, speaker: str) -> FloatArray:
        place = None if self.transforms is None else self.transforms.place(speaker)
        if self.transforms is None or place is None or self.transforms.kinds[place] == "identity":
            gmm = self.gmm if self.adaptation is None else self.adaptation.unadapted
            return gmm.log_likelihoods(matrix)
        stretch = np.float32(self.transforms.log_determinants[place])
        return self.gmm.log_likelihoods(self.transforms.apply(matrix, speaker)) + stretch

    def transformed(self, matrices: Sequence[FloatArray]) -> Tuple[FloatArray, ...]:
        """Features (T, F) of each utterance as the mixtures see them, but for transforms of speakers: (T, D)."""
        if self.transform is None:
            return tuple(matrices)
        return tuple(self.transform.apply(matrix) for matrix in matrices)

    def description(self) -> Mapping[str, Any]:
        """JSON-ready parts."""
        return {
            **topology_parts(self.topology),
            **({} if self.transform is None else {"context": self.transform.context}),
            "tokens": list(self.tokens.names[1:]),
            "features": config_to_dict(self.features),
            **({} if self.adaptation is None else {"adaptation": self.adaptation.description()}),
        }

    def tensors(self) -> Dict[str, npt.NDArray[Any]]:
        """Parameters by name."""
        return {
            "weights": self.gmm.weights,
            "means": self.gmm.means,
            "variances": self.gmm.variances,
            "offsets": self.gmm.offsets,
            "transitions": self.transitions,
            **({} if self.transform is None else {"transform": self.transform.matrix}),
            **({} if self.adaptation is None else self.adaptation.tensors()),
        }

    @classmethod
    def from_parts(cls, description: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]]) -> GmmModel:
        """Inverse of `description` and `tensors`; raises KeyError where one is missing."""
        gmm = DiagGmm(*(tensors[name] for name in ("weights", "means", "variances", "offsets")))
        matrix, adaptation = tensors.get("transform"), description.get("adaptation")
        return cls(
            gmm,
            SymbolTable(description["tokens"]),
            tensors["transitions"],
            config_from_dict(FeatureConfig, description["features"]),
            topology_of(description),
            None if matrix is None else SplicedTransform(matrix, description["context"]),
            None if adaptation is None else Adaptation.from_parts(adaptation, tensors, gmm.offsets),
        )
