"""Training of GMM-HMMs: flat start, expectation-maximisation, mixtures grown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.files import PathLike
from fsaasr.core.scores import FloatArray
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.lexicon import Lexicon
from fsaasr.models.diag_gmm import DiagGmm
from fsaasr.models.gmm import GmmModel, check_topology
from fsaasr.train.batch_checks import check_batch
from fsaasr.train.checkpoint import Tensors, fingerprint, load_checkpoint, save_checkpoint
from fsaasr.train.expectation import HmmUtterance, expectation, hmm_utterances
from fsaasr.train.flat_start import flat_start
from fsaasr.train.gmm_config import GmmTrainConfig
from fsaasr.train.gmm_statistics import grow, maximise, maximise_transitions

CHECKPOINT = "gmm.safetensors"
DEFAULTS = GmmTrainConfig()


@dataclass(frozen=True, eq=False)
class GmmTraining:
    """Outcome of `train_gmm`.

    Attributes:
      model: the trained model.
      history: of each iteration: `gaussians` and `log_likelihood`, a frame, of the model that it began with.
      unseen: score columns that no transcript holds; they have the mean and variance of all the data.
    """

    model: GmmModel
    history: Tuple[Dict[str, Any], ...]
    unseen: Tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _State:
    gmm: DiagGmm
    transitions: FloatArray
    floor: npt.NDArray[np.float64]
    history: Tuple[Dict[str, Any], ...]


def train_gmm(
    features: FeatureBatch,
    lexicon: Lexicon,
    feature_config: FeatureConfig,
    config: GmmTrainConfig = DEFAULTS,
    *,
    work_dir: Optional[PathLike] = None,
    threads: int = 1,
) -> GmmTraining:
    """Trains a GMM-HMM on whole words' transcripts, without any alignment to begin with.

    Args:
      features: with transcripts.
      lexicon: of the training words; its tokens, silence included, become the model's.
      feature_config: how the features were extracted; kept in the model.
      config: how to train.
      work_dir: where to keep a checkpoint after every iteration, from which a killed run goes on to the
        very model that an uninterrupted one gives; None keeps none.
      threads: the result does not depend on it.

    Raises:
      TrainingError: no utterance, no transcript, features of another dimension than configured, a
        checkpoint of another run.
      DecodeError: an utterance with fewer frames than its transcript has states; names it.
      GraphError: a word that the lexicon lacks.
      ModelError: a topology without HMM states.
    """
    from tqdm import tqdm

    check_topology(config.topology)
    check_batch(features, feature_config, "train_gmm")
    utterances = hmm_utterances(features, lexicon, config.topology)
    path = Path(work_dir) / CHECKPOINT if work_dir is not None else None
    identity = fingerprint([config, feature_config], lexicon, [features]) if path else ""
    state = _restored(path, identity) or _initial(features, lexicon, config)
    # disable=None: a bar on a terminal only.
    for iteration in tqdm(
        range(len(state.history), config.iterations), desc="GMM-HMM", unit="pass", leave=False, disable=None
    ):
        state = _iterate(state, utterances, iteration, config, threads)
        if path is not None:
            _save(path, state, identity)
    model = GmmModel(state.gmm, lexicon.tokens, state.transitions, feature_config, config.topology)
    return GmmTraining(model, state.history, _unseen(utterances))


def _initial(features: FeatureBatch, lexicon: Lexicon, config: GmmTrainConfig) -> _State:
    gmm, floor = flat_start(features, lexicon, config.topology, config.variance_floor)
    return _State(gmm, np.full((gmm.num_columns, 2), np.log(0.5), dtype=np.float32), floor, ())


def _iterate(
    state: _State, utterances: List[HmmUtterance], iteration: int, config: GmmTrainConfig, threads: int
) -> _State:
    statistics = expectation(state.gmm, state.transitions, utterances, config.method, threads)
    gmm = maximise(statistics, state.floor, config.min_occupancy)
    wanted = config.gaussians_at(iteration, gmm.num_columns)
    if wanted > gmm.num_gaussians and iteration < config.iterations - 1:
        gmm = grow(gmm, statistics.column_occupancy, wanted, config.power, config.split_min_count)
    entry = {
        "iteration": iteration,
        "gaussians": state.gmm.num_gaussians,
        "log_likelihood": statistics.total / statistics.frames,
    }
    transitions = maximise_transitions(statistics, state.transitions, config.min_occupancy)
    return _State(gmm, transitions, state.floor, (*state.history, entry))


def _save(path: Path, state: _State, identity: str) -> None:
    gmm = state.gmm
    tensors: Tensors = {
        "weights": gmm.weights,
        "means": gmm.means,
        "variances": gmm.variances,
        "offsets": gmm.offsets,
        "transitions": state.transitions,
        "floor": state.floor,
    }
    save_checkpoint(path, tensors, {"history": state.history}, identity)


def _restored(path: Optional[Path], identity: str) -> Optional[_State]:
    found = load_checkpoint(path, identity) if path is not None else None
    if found is None:
        return None
    tensors, values = found
    gmm = DiagGmm(*(tensors[name] for name in ("weights", "means", "variances", "offsets")))
    return _State(gmm, tensors["transitions"], tensors["floor"], tuple(values["history"]))


def _unseen(utterances: List[HmmUtterance]) -> Tuple[str, ...]:
    graphs = {id(utterance.graph): utterance.graph for utterance in utterances}
    seen = {int(column) for graph in graphs.values() for column in np.unique(graph.column)}
    names = utterances[0].graph.graph.column_names
    return tuple(name for column, name in enumerate(names) if column not in seen)
