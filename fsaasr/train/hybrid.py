"""Training of hybrid models on alignments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple, Union

import numpy as np
import torch

from fsaasr.core.errors import TrainingError
from fsaasr.core.files import PathLike, content_hash
from fsaasr.core.scores import FloatArray
from fsaasr.features import FeatureConfig
from fsaasr.graph import Topology
from fsaasr.lexicon import Lexicon
from fsaasr.models.hmm_topology import check_topology
from fsaasr.models.hybrid import HybridModel, HybridNetwork, log_priors_of
from fsaasr.models.matrix_batches import outputs_of
from fsaasr.train.aligned_batch import AlignedBatch
from fsaasr.train.batch_checks import check_batch
from fsaasr.train.checkpoint import fingerprint
from fsaasr.train.fit import fit
from fsaasr.train.hybrid_config import HybridTrainConfig
from fsaasr.train.hybrid_task import HybridTask
from fsaasr.train.network_state import isolated_chance
from fsaasr.train.training_features import check_augmentation

CHECKPOINT = "hybrid.safetensors"
DEFAULTS = HybridTrainConfig()


@dataclass(frozen=True, eq=False)
class HybridTraining:
    """Outcome of `train_hybrid`.

    Attributes:
      model: the trained model, as it was after the epoch of least dev error (after the last one without dev data).
      history: of each epoch: `epoch`, `loss` a frame, `learning_rate`; with dev data `dev_error`, the share of frames
        whose best column is not their label, and `dev_loss`.
    """

    model: HybridModel
    history: Tuple[Mapping[str, Any], ...]


def train_hybrid(
    data: AlignedBatch,
    topology: Union[str, Topology],
    transitions: FloatArray,
    lexicon: Lexicon,
    feature_config: FeatureConfig,
    config: HybridTrainConfig = DEFAULTS,
    *,
    dev: Optional[AlignedBatch] = None,
    work_dir: Optional[PathLike] = None,
    device: str = "cpu",
) -> HybridTraining:
    """Trains a network with the cross-entropy of labelled frames (Dahl et al. 2012).

    Args:
      data: with transcripts, aligned by a model of this topology, e.g. a `GmmModel`, whatever its features. Its front,
        without the transforms of the training speakers, becomes the model's.
      topology: meaning of the columns. transitions: float32 (C, 2), that model's.
      lexicon: of the training words; its tokens, silence included, become the model's.
      feature_config: how the features were extracted; kept in the model.
      config: how to train.
      dev: chooses the best epoch; never trained on.
      work_dir: where to keep a checkpoint after every epoch, from which a killed run goes on to the very
        weights that an uninterrupted one gives; None keeps none.
      device: torch device.

    Raises:
      TrainingError: no utterance, no transcript, labels beyond the columns, a loss that diverges, a checkpoint of
        another run; names the utterance or file.
      ModelError: a topology without HMM states.
    """
    columns = len(check_topology(topology, "train_hybrid").columns(lexicon.tokens).names)
    parts = [data] if dev is None else [data, dev]
    for part in parts:
        check_batch(part.features, feature_config, "train_hybrid")
        _check_labels(part, columns)
    check_augmentation(config.augment, feature_config, "train_hybrid")
    with isolated_chance(config.fit.seed, torch.device("cpu")):
        network = HybridNetwork(data.inputs.dim, columns, config.encoder)
    network.normalize.measure(np.concatenate(data.inputs.matrices))
    network.to(device)
    subsampling = network.encoder.subsampling
    task = HybridTask(data, subsampling, config, dev)
    path = Path(work_dir) / CHECKPOINT if work_dir is not None else None
    identity = _identity(config, feature_config, lexicon, parts) if path else ""
    history: Tuple[Dict[str, Any], ...] = fit(network, task, config.fit, path, identity)
    model = HybridModel(
        network.cpu(),
        config.encoder,
        lexicon.tokens,
        transitions,
        feature_config,
        _log_priors(network, data, columns, config),
        topology,
        config.prior_scale,
        interleaved=subsampling > 1,
        front=None if data.front is None else data.front.with_transforms(None),
    )
    return HybridTraining(model, history)


def _check_labels(data: AlignedBatch, columns: int) -> None:
    for name, path in zip(data.features.ids, data.paths):
        if path.min() < 0 or path.max() >= columns:
            raise TrainingError(
                f"train_hybrid: utterance {name!r} has the label {path.max()}, expected 0 to {columns - 1}; align with "
                "a model of this topology and lexicon"
            )


def _identity(
    config: HybridTrainConfig, feature_config: FeatureConfig, lexicon: Lexicon, parts: list[AlignedBatch]
) -> str:
    paths = [np.concatenate(part.paths).tobytes() for part in parts]
    return content_hash(fingerprint([config, feature_config], lexicon, [part.inputs for part in parts]), *paths)


def _log_priors(network: HybridNetwork, data: AlignedBatch, columns: int, config: HybridTrainConfig) -> FloatArray:
    """Of the columns; those that no alignment holds count as if it held one frame of them."""
    if config.priors == "alignments":
        return log_priors_of(data.counts(columns))
    posteriors = outputs_of(network, data.inputs.matrices)
    return log_priors_of(np.sum([np.exp(rows, dtype=np.float64).sum(axis=0) for rows in posteriors], axis=0))
