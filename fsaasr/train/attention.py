"""Training of attention encoder-decoders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

import torch

from fsaasr.core.files import PathLike
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.lexicon import Lexicon
from fsaasr.models.attention_model import AttentionModel, AttentionNetwork
from fsaasr.models.ctc import CtcModel
from fsaasr.train.attention_config import AttentionTrainConfig
from fsaasr.train.attention_task import AttentionTask
from fsaasr.train.batch_checks import check_batch
from fsaasr.train.checkpoint import fingerprint
from fsaasr.train.ctc_start import check_start, prepare_network
from fsaasr.train.fit import fit
from fsaasr.train.network_state import isolated_chance
from fsaasr.train.training_features import check_augmentation

CHECKPOINT = "attention.safetensors"
DEFAULTS = AttentionTrainConfig()


@dataclass(frozen=True, eq=False)
class AttentionTraining:
    """Outcome of `train_attention`.

    Attributes:
      model: the trained model, as it was after the epoch of least dev error (after the last one without dev data).
      lexicon: the one trained with, without optional silence: the decoder says no silence.
      history: of each epoch: `epoch`, `loss` a label, `learning_rate`; with dev data `dev_error` (token error
        rate of a greedy search) and `dev_loss`.
    """

    model: AttentionModel
    lexicon: Lexicon
    history: Tuple[Mapping[str, Any], ...]


def train_attention(
    features: FeatureBatch,
    lexicon: Lexicon,
    feature_config: FeatureConfig,
    config: AttentionTrainConfig = DEFAULTS,
    *,
    dev: Optional[FeatureBatch] = None,
    start: Optional[CtcModel] = None,
    work_dir: Optional[PathLike] = None,
    device: str = "cpu",
) -> AttentionTraining:
    """Trains encoder and decoder on words' tokens (most probable pronunciations), with a CTC loss beside.

    Args:
      features: with transcripts.
      lexicon: of the training and dev words.
      feature_config: how the features were extracted; kept in the model.
      config: how to train.
      dev: chooses the best epoch; never trained on.
      start: a CTC model of the same encoder, tokens and features, whose encoder, normalization and output layer to
        begin with; None begins with random weights.
      work_dir: where to keep a checkpoint after every epoch, from which a killed run goes on to the very
        weights that an uninterrupted one gives; None keeps none.
      device: torch device.

    Raises:
      TrainingError: no utterance, no transcript; with a CTC loss, fewer frames (after subsampling) than labels and
        their repeats; a loss that diverges, a checkpoint of another run,
        a model to begin with that does not fit; names the utterance or file.
      LexiconError: a word that the lexicon lacks.
    """
    silent_free = replace(lexicon, silence=None)
    data = [features] if dev is None else [features, dev]
    for batch in data:
        check_batch(batch, feature_config, "train_attention")
    check_augmentation(config.augment, feature_config, "train_attention")
    check_start(start, config.encoder, silent_free.tokens, feature_config, "train_attention")
    with isolated_chance(config.fit.seed, torch.device("cpu")):
        network = AttentionNetwork(features.dim, len(silent_free.tokens) - 1, config.shape)
    prepare_network(network, network.ctc, features, start)
    network.to(device)
    task = AttentionTask(features, silent_free, config, dev, network.encoder.subsampling)
    path = Path(work_dir) / CHECKPOINT if work_dir is not None else None
    identity = (
        fingerprint([config, feature_config], silent_free, data, start.tensors() if start else {}) if path else ""
    )
    history: Tuple[Dict[str, Any], ...] = fit(network, task, config.fit, path, identity)
    model = AttentionModel(network.cpu(), config.shape, silent_free.tokens, feature_config)
    return AttentionTraining(model, silent_free, history)
