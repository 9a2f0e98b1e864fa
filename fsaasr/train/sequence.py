"""Training of hybrid models on transcripts, without alignments: the full sum from a flat start, and LF-MMI."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Mapping, Optional, Tuple

import numpy as np
import torch

from fsaasr.core.files import PathLike
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.graph import TOPOLOGIES, Topology, moves
from fsaasr.lexicon import Lexicon
from fsaasr.models.hybrid import HybridModel, HybridNetwork
from fsaasr.train.batch_checks import check_batch
from fsaasr.train.checkpoint import fingerprint
from fsaasr.train.context_counts import left_context_tree
from fsaasr.train.denominator import spoken_tokens
from fsaasr.train.fit import fit
from fsaasr.train.full_sum_objective import FullSumObjective
from fsaasr.train.lf_mmi_objective import LfMmiObjective
from fsaasr.train.network_state import isolated_chance
from fsaasr.train.running_priors import FLOOR
from fsaasr.train.sequence_config import FullSumConfig, LfMmiConfig, SequenceConfig
from fsaasr.train.sequence_objective import AnyNetwork, SequenceObjective
from fsaasr.train.sequence_task import SequenceTask
from fsaasr.train.training_features import check_augmentation

CHECKPOINT = "sequence.safetensors"
FULL_SUM_DEFAULTS = FullSumConfig()
LF_MMI_DEFAULTS = LfMmiConfig()


@dataclass(frozen=True, eq=False)
class SequenceTraining:
    """Outcome of `train_full_sum` and `train_lf_mmi`.

    Attributes:
      model: the trained model, as it was after the epoch of least dev error (after the last one without dev data).
      history: of each epoch: `epoch`, `loss` a frame, `learning_rate`; with dev data `dev_error`, the errors a token of
        what an n-gram model of tokens recognizes, and `dev_loss`.
    """

    model: HybridModel
    history: Tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, eq=False)
class _Data:
    features: FeatureBatch
    lexicon: Lexicon
    feature_config: FeatureConfig
    dev: Optional[FeatureBatch]
    work_dir: Optional[PathLike]
    device: str


def train_full_sum(
    features: FeatureBatch,
    lexicon: Lexicon,
    feature_config: FeatureConfig,
    config: FullSumConfig = FULL_SUM_DEFAULTS,
    *,
    dev: Optional[FeatureBatch] = None,
    work_dir: Optional[PathLike] = None,
    device: str = "cpu",
) -> SequenceTraining:
    """Trains a hybrid model from a flat start by the sum over all alignments (Zeyer et al. 2017; Raissi et al. 2022).

    Scores are log posteriors less running log priors; transition probabilities, all pronunciations and optional
    silences take part.

    Args:
      features: with transcripts.
      lexicon: of the training and dev words; its tokens, silence included, become the model's.
      feature_config: how the features were extracted; kept in the model.
      config: how to train.
      dev: chooses the best epoch; never trained on.
      work_dir: where to keep a checkpoint after every epoch, from which a killed run goes on to the very
        weights that an uninterrupted one gives; None keeps none.
      device: torch device.

    Raises:
      TrainingError: no utterance, no transcript, fewer frames (after subsampling) than the transcript has states, a
        loss that diverges, a checkpoint of another run; names the utterance or file.
      LexiconError: a word that the lexicon lacks.
    """
    data = _Data(features, lexicon, feature_config, dev, work_dir, device)
    sequences = _sequences(data, 1, config, "train_full_sum")
    topology = _topology(sequences, lexicon, config)
    objective = FullSumObjective(sequences, lexicon, topology, config)
    network, history = _train(data, objective, config)
    transitions = objective.transitions
    if config.transitions == "estimated":
        transitions = objective.estimate_transitions(network, features)
    log_priors = network.priors.priors.clamp(min=FLOOR).log().numpy()
    plain = _without_extras(network, data, objective.num_columns, config)
    return SequenceTraining(
        HybridModel(
            plain,
            config.encoder,
            lexicon.tokens,
            transitions,
            feature_config,
            log_priors,
            topology,
            config.prior_scale,
        ),
        history,
    )


def train_lf_mmi(
    features: FeatureBatch,
    lexicon: Lexicon,
    feature_config: FeatureConfig,
    config: LfMmiConfig = LF_MMI_DEFAULTS,
    *,
    dev: Optional[FeatureBatch] = None,
    work_dir: Optional[PathLike] = None,
    device: str = "cpu",
) -> SequenceTraining:
    """Trains a hybrid model from a flat start by lattice-free MMI (Povey et al. 2016; Hadian et al. 2018).

    The denominator is an n-gram model of the training transcripts' tokens, over all their pronunciations and
    optional silences. The model's scores are its log posteriors: it has a prior scale of 0.

    Args and errors: as `train_full_sum`.
    """
    data = _Data(features, lexicon, feature_config, dev, work_dir, device)
    sequences = _sequences(data, config.draws, config, "train_lf_mmi")
    topology = _topology(sequences, lexicon, config)
    objective = LfMmiObjective(sequences, lexicon, topology, config)
    network, history = _train(data, objective, config)
    columns = objective.num_columns
    return SequenceTraining(
        HybridModel(
            _without_extras(network, data, columns, config),
            config.encoder,
            lexicon.tokens,
            moves(topology, lexicon.tokens).uniform(),
            feature_config,
            np.full(columns, -np.log(columns), dtype=np.float32),
            topology,
            prior_scale=0.0,
        ),
        history,
    )


def _sequences(data: _Data, draws: int, config: SequenceConfig, function: str) -> List[List[str]]:
    """The training transcripts' tokens, drawn `draws` times; raises where a batch is not fit for training."""
    for batch in (data.features,) if data.dev is None else (data.features, data.dev):
        check_batch(batch, data.feature_config, function)
    check_augmentation(config.augment, data.feature_config, function)
    return spoken_tokens(list(data.features.texts) * draws, data.lexicon, config.fit.seed)


def _topology(sequences: List[List[str]], lexicon: Lexicon, config: SequenceConfig) -> Topology:
    topology = TOPOLOGIES[config.topology]
    if config.context == "none":
        return topology
    silence = () if lexicon.silence is None else (lexicon.silence.token,)
    least = config.context_count
    return topology.tied(left_context_tree(sequences, lexicon.tokens, topology.columns_per_token, least, silence))


def _train(
    data: _Data, objective: SequenceObjective[AnyNetwork], config: SequenceConfig
) -> Tuple[AnyNetwork, Tuple[Mapping[str, Any], ...]]:
    with isolated_chance(config.fit.seed, torch.device("cpu")):
        network = objective.network(data.features.dim)
    network.normalize.measure(data.features.frames())
    network.to(data.device)
    task = SequenceTask(data.features, objective, network.encoder.subsampling, config, data.dev)
    path = Path(data.work_dir) / CHECKPOINT if data.work_dir is not None else None
    batches = [data.features] if data.dev is None else [data.features, data.dev]
    identity = fingerprint([config, data.feature_config], data.lexicon, batches) if path else ""
    history = fit(network, task, config.fit, path, identity)
    return network.cpu(), history


def _without_extras(network: HybridNetwork, data: _Data, columns: int, config: SequenceConfig) -> HybridNetwork:
    """A plain hybrid's network of the same weights."""
    with isolated_chance(0, torch.device("cpu")):
        plain = HybridNetwork(data.features.dim, columns, config.encoder)
    trained = network.state_dict()
    plain.load_state_dict({name: trained[name] for name in plain.state_dict()})
    return plain
