"""Training of GMM-HMMs: flat start, expectation-maximisation, mixtures grown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from fsaasr.core.files import PathLike
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.graph import moves
from fsaasr.lexicon import Lexicon
from fsaasr.models.gmm import GmmModel
from fsaasr.train.batch_checks import check_batch
from fsaasr.train.checkpoint import fingerprint
from fsaasr.train.expectation import hmm_utterances
from fsaasr.train.flat_start import flat_start
from fsaasr.train.gmm_config import GmmTrainConfig, hmm_topology
from fsaasr.train.gmm_passes import GmmState, run_passes, unseen_columns

DEFAULTS = GmmTrainConfig()


@dataclass(frozen=True, eq=False)
class GmmTraining:
    """Outcome of `train_gmm`.

    Attributes:
      model: the trained model.
      history: of each iteration: `gaussians` and `log_likelihood`, a frame, of the model that it began with; of the
        last one `column_frames` and `column_gaussians`, how many each score column has, too.
      unseen: score columns that no transcript holds; they have the mean and variance of all the data.
    """

    model: GmmModel
    history: Tuple[Dict[str, Any], ...]
    unseen: Tuple[str, ...]


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
    topology = hmm_topology(config, lexicon)
    check_batch(features, feature_config, "train_gmm")
    utterances = hmm_utterances(features, lexicon, topology)
    identity = fingerprint([config, feature_config], lexicon, [features]) if work_dir is not None else ""
    gmm, floor = flat_start(features, lexicon, topology, config.variance_floor)
    start = GmmState(gmm, moves(topology, lexicon.tokens).uniform(), floor)
    state = run_passes(start, utterances, config, work_dir=work_dir, identity=identity, threads=threads)
    model = GmmModel(
        state.gmm, lexicon.tokens, state.transitions, feature_config, topology if config.silence else config.topology
    )
    return GmmTraining(model, state.history, unseen_columns(utterances))
