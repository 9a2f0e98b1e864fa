"""`HybridModel`: a neural encoder and a softmax over HMM states, whose posteriors are divided by priors."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Dict, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ModelError
from fsaasr.core.scores import FloatArray, Scores, Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.graph import Topology, find_topology
from fsaasr.models.acoustic_model import Features, matrices_of
from fsaasr.models.encoder_network import EncoderNetwork
from fsaasr.models.encoders.registry import EncoderConfig, encoder_config_from_dict
from fsaasr.models.gmm import GmmModel
from fsaasr.models.gmm_front import GmmFront
from fsaasr.models.hmm_topology import check_topology, check_transitions, topology_of, topology_parts
from fsaasr.models.matrix_batches import outputs_of
from fsaasr.models.score_stream import Chain, EncoderStream, InterleavedStream, ScoreStream
from fsaasr.models.speaker_adaptation import SpeakerTransforms, speaker_names


class HybridNetwork(EncoderNetwork):
    """Encoder and output layer: features to log posteriors of C HMM states."""

    def __init__(self, features: int, columns: int, config: EncoderConfig) -> None:
        """Makes random weights.

        Args:
          features: F. columns: C.
          config: shape of the encoder.
        """
        super().__init__(features, config)
        self.output = nn.Linear(self.encoder.output_dim, columns)

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """float32 (N, T, F) and int64 (N,) to log posteriors (N, T', C) and lengths (N,)."""
        hidden, lengths = self.encode(features, lengths)
        return self.posteriors(hidden), lengths

    def posteriors(self, hidden: Tensor) -> Tensor:
        """The encoder's vectors (N, T', D) to log posteriors (N, T', C)."""
        log_probs: Tensor = self.output(hidden).log_softmax(dim=2)
        return log_probs


@dataclass(frozen=True, eq=False)
class HybridModel:
    """A hybrid of a network and an HMM. Bourlard and Morgan 1994; Dahl et al. 2012.

    Attributes:
      network: its parameters; used in evaluation mode only, never changed.
      encoder: shape of its encoder.
      tokens: phones or characters, silence included.
      transitions: float32 (C, W), log probabilities to stay in and to leave each column, see `graph.Moves`.
      features: how its features are extracted.
      log_priors: float32 (C,), finite.
      topology: `hmm3`, `hmm1` or another with transition probabilities, by name; or one of tied columns.
      prior_scale: how much of the log priors is subtracted from log posteriors, >= 0.
      interleaved: whether an encoder that subsamples is run on features shifted by 0, 1, ... frames, so that every
        frame has its row of scores. Training then needs one of these shifts at a time.
      front: what features go through before the network; None for nothing. With one of adapted features, the model is
        to be adapted to speakers, see `adapted`; as it is, it scores features that are not.

    Raises:
      ModelError: parts that do not fit one another.
    """

    network: HybridNetwork
    encoder: EncoderConfig
    tokens: SymbolTable
    transitions: FloatArray
    features: FeatureConfig
    log_priors: FloatArray
    topology: Union[str, Topology] = "hmm3"
    prior_scale: float = 1.0
    interleaved: bool = False
    front: Optional[GmmFront] = None
    family: ClassVar[str] = "hybrid"

    def __post_init__(self) -> None:
        outputs, inputs = self.network.output.out_features, self.network.encoder.input_dim
        topology = check_topology(self.topology, "HybridModel")
        transitions = check_transitions(self.transitions, topology, self.tokens, "outputs", outputs, "HybridModel")
        if inputs != (self.features.dim if self.front is None else self.front.outputs):
            through = "" if self.front is None else f" and go through a front of {self.front.outputs}"
            raise ModelError(
                f"HybridModel: a network of {inputs} features, but {self.features.dim} are configured{through}; give "
                "the configuration that it was trained with"
            )
        if self.front is not None:
            _check_front(self.front.gmm, topology, self.tokens, self.features)
        log_priors = np.array(self.log_priors, dtype=np.float32)
        if log_priors.shape != (outputs,) or not np.isfinite(log_priors).all():
            raise ModelError(f"HybridModel: log priors {log_priors.shape}; expected ({outputs},), all finite")
        if not 0 <= self.prior_scale < math.inf:
            raise ModelError(f"HybridModel: prior_scale {self.prior_scale}; expected >= 0, finite")
        log_priors.setflags(write=False)
        object.__setattr__(self, "transitions", transitions)
        object.__setattr__(self, "log_priors", log_priors)
        self.network.eval()

    @property
    def frame_shift(self) -> Seconds:
        """Seconds between two rows of its scores, subsampling included."""
        return self.features.frame_shift * (1 if self.interleaved else self.network.encoder.subsampling)

    @property
    def adapter(self) -> Optional[GmmModel]:
        """The front's GMM-HMM, which finds transforms of speakers, or None where features are not adapted."""
        return None if self.front is None else self.front.gmm.adapter

    @property
    def transforms(self) -> Optional[SpeakerTransforms]:
        """Those of the speakers at hand, once it is adapted."""
        return None if self.front is None else self.front.transforms

    def adapted(self, transforms: SpeakerTransforms) -> HybridModel:
        """The model for these speakers; raises ModelError where its features are not adapted, or otherwise."""
        if self.front is None:
            raise ModelError("HybridModel.adapted: features go through no front; give a model trained with one")
        return replace(self, front=self.front.with_transforms(transforms))

    def with_prior_scale(self, prior_scale: float) -> HybridModel:
        """The same model with another prior scale; raises ModelError where it is out of range."""
        return replace(self, prior_scale=prior_scale)

    def scores(self, features: Features, ids: Sequence[str] = ()) -> Scores:
        """`log p(s|x) - prior_scale * log p(s)` of each column; see `AcousticModel.scores`."""
        matrices, names = matrices_of(features, ids, self.features.dim, "HybridModel.scores")
        if self.front is not None:
            owners = speaker_names(names, features.speakers if isinstance(features, FeatureBatch) else ())
            matrices = self.front.apply(matrices, owners)
        shifts = self.network.encoder.subsampling if self.interleaved else 1
        if shifts == 1:
            posteriors = outputs_of(self.network, matrices)
        else:
            moved = [shifted(matrix, shift, shifts) for matrix in matrices for shift in range(shifts)]
            rows = outputs_of(self.network, moved)
            posteriors = [interleave(rows[n * shifts : (n + 1) * shifts], len(m)) for n, m in enumerate(matrices)]
        less = self._scaled_priors
        return Scores.from_matrices([matrix - less for matrix in posteriors], self.frame_shift, "hmm", names)

    @property
    def _scaled_priors(self) -> FloatArray:
        scaled: FloatArray = np.float32(self.prior_scale) * self.log_priors
        return scaled

    def score_stream(self) -> ScoreStream:
        """See `StreamingModel.score_stream`."""
        less = torch.from_numpy(self._scaled_priors).to(next(self.network.parameters()).device)
        shifts = self.network.encoder.subsampling if self.interleaved else 1
        heads = [
            EncoderStream(self.network, lambda hidden: self.network.posteriors(hidden) - less) for _ in range(shifts)
        ]
        scores = heads[0] if shifts == 1 else InterleavedStream(heads)
        return scores if self.front is None else Chain(self.front.stream(), scores)

    def description(self) -> Mapping[str, Any]:
        """JSON-ready parts."""
        return {
            **topology_parts(self.topology),
            "tokens": list(self.tokens.names[1:]),
            "features": config_to_dict(self.features),
            "encoder": config_to_dict(self.encoder),
            "prior_scale": self.prior_scale,
            "interleaved": self.interleaved,
            **({} if self.front is None else {"front": self.front.gmm.description()}),
        }

    def tensors(self) -> Dict[str, npt.NDArray[Any]]:
        """Parameters by name."""
        state = self.network.state_dict()
        network = {f"network.{name}": tensor.detach().cpu().numpy() for name, tensor in state.items()}
        front = {} if self.front is None else self.front.tensors()
        return {**network, **front, "transitions": self.transitions, "log_priors": self.log_priors}

    @classmethod
    def from_parts(cls, description: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]]) -> HybridModel:
        """Inverse of `description` and `tensors`; raises KeyError or RuntimeError where one is missing."""
        features = config_from_dict(FeatureConfig, description["features"])
        encoder = encoder_config_from_dict(description["encoder"])
        front = GmmFront.from_parts(description["front"], tensors) if "front" in description else None
        inputs = features.dim if front is None else front.outputs
        with torch.random.fork_rng(devices=[]):
            network = HybridNetwork(inputs, len(tensors["log_priors"]), encoder)
        own = {name.partition(".")[2]: array for name, array in tensors.items() if name.startswith("network.")}
        network.load_state_dict({name: torch.from_numpy(array) for name, array in own.items()})
        return cls(
            network,
            encoder,
            SymbolTable(description["tokens"]),
            tensors["transitions"],
            features,
            tensors["log_priors"],
            topology_of(description),
            description["prior_scale"],
            description["interleaved"],
            front,
        )


def _check_front(front: GmmModel, topology: Topology, tokens: SymbolTable, features: FeatureConfig) -> None:
    if find_topology(front.topology) != topology or front.tokens != tokens or front.features != features:
        raise ModelError(
            f"HybridModel: a front of {front.features} with topology {find_topology(front.topology).name!r}, behind it "
            f"{features} with {topology.name!r}; expected the same features, tokens and topology"
        )


def shifted(matrix: FloatArray, shift: int, subsampling: int) -> FloatArray:
    """Features whose subsampled frames stand for the frames `shift`, `shift + subsampling`, ... of `matrix`.

    Args:
      matrix: (T, F).
      shift: 0 .. subsampling - 1.
      subsampling: of an encoder whose output t sees input frames around `subsampling * t + subsampling // 2`.

    Returns:
      (T', F); the first frame is repeated before, or frames are left out, as the shift says.
    """
    first = shift - subsampling // 2
    places = np.arange(first, max(len(matrix), first + 1))
    moved: FloatArray = matrix[np.clip(places, 0, len(matrix) - 1)]
    return moved


def interleave(rows: Sequence[FloatArray], frames: int) -> FloatArray:
    """Outputs (T', C) for `shifted` features of all shifts, in order, to (frames, C)."""
    result = np.empty((frames, rows[0].shape[1]), dtype=np.float32)
    for shift, matrix in enumerate(rows):
        places = result[shift :: len(rows)]
        places[:] = matrix[: len(places)]
    return result


def log_priors_of(counts: npt.ArrayLike, least: float = 1.0) -> FloatArray:
    """Log relative frequencies.

    Args:
      counts: (C,) frames of each column, or sums of posteriors.
      least: columns that have fewer count as if they had as many, > 0.

    Returns:
      float32 (C,).
    """
    floored: npt.NDArray[np.float64] = np.maximum(np.asarray(counts, dtype=np.float64), least)
    log_priors: FloatArray = np.log(floored / np.sum(floored)).astype(np.float32)
    return log_priors
