"""`GmmModel`: a GMM-HMM; any topology whose columns are HMM states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, Mapping, Optional, Sequence, Union

import numpy.typing as npt

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ModelError
from fsaasr.core.scores import FloatArray, Scores, Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.features import FeatureConfig
from fsaasr.graph import Topology
from fsaasr.models.acoustic_model import Features, matrices_of
from fsaasr.models.diag_gmm import DiagGmm
from fsaasr.models.hmm_topology import check_topology, check_transitions, topology_of, topology_parts
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

    Raises:
      ModelError: parts that do not fit one another.
    """

    gmm: DiagGmm
    tokens: SymbolTable
    transitions: FloatArray
    features: FeatureConfig
    topology: Union[str, Topology] = "hmm3"
    transform: Optional[SplicedTransform] = None
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
        object.__setattr__(self, "transitions", transitions)

    @property
    def frame_shift(self) -> Seconds:
        """Seconds between two frames."""
        return self.features.frame_shift

    def scores(self, features: Features, ids: Sequence[str] = ()) -> Scores:
        """Log likelihoods of each column; see `AcousticModel.scores`."""
        matrices, names = matrices_of(features, ids, self.features.dim, "GmmModel.scores")
        if self.transform is not None:
            matrices = tuple(self.transform.apply(matrix) for matrix in matrices)
        likelihoods = [self.gmm.log_likelihoods(matrix) for matrix in matrices]
        return Scores.from_matrices(likelihoods, self.frame_shift, "hmm", names)

    def description(self) -> Mapping[str, Any]:
        """JSON-ready parts."""
        return {
            **topology_parts(self.topology),
            **({} if self.transform is None else {"context": self.transform.context}),
            "tokens": list(self.tokens.names[1:]),
            "features": config_to_dict(self.features),
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
        }

    @classmethod
    def from_parts(cls, description: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]]) -> GmmModel:
        """Inverse of `description` and `tensors`; raises KeyError where one is missing."""
        gmm = DiagGmm(*(tensors[name] for name in ("weights", "means", "variances", "offsets")))
        matrix = tensors.get("transform")
        return cls(
            gmm,
            SymbolTable(description["tokens"]),
            tensors["transitions"],
            config_from_dict(FeatureConfig, description["features"]),
            topology_of(description),
            None if matrix is None else SplicedTransform(matrix, description["context"]),
        )
