"""Training of GMM-HMMs whose states are tied by context."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import List, Optional, Sequence, Tuple

import numpy as np

from fsaasr.core.config import STRICT
from fsaasr.core.errors import TrainingError
from fsaasr.core.files import PathLike, content_hash
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.graph import Columns, ContextTree, moves
from fsaasr.lexicon import Lexicon
from fsaasr.models.diag_gmm import DiagGmm, Float64
from fsaasr.models.gmm import GmmModel
from fsaasr.train.batch_checks import check_batch
from fsaasr.train.checkpoint import fingerprint
from fsaasr.train.context_questions import Question, cluster_questions, read_questions
from fsaasr.train.context_statistics import ContextStatistics, collect_contexts, variance_of
from fsaasr.train.expectation import hmm_utterances
from fsaasr.train.gmm import GmmTraining
from fsaasr.train.gmm_config import GmmTrainConfig, hmm_topology
from fsaasr.train.gmm_passes import GmmState, run_passes, unseen_columns
from fsaasr.train.transform_estimation import TransformConfig, estimate_transform
from fsaasr.train.tree_config import TreeConfig
from fsaasr.train.tree_growing import grow_tree


@dataclass(frozen=True)
class TiedGmmConfig:
    """How a GMM-HMM of tied states is trained.

    Attributes:
      tree: how states are tied.
      training: the passes, and the topology to tie.
      transform: what is made of the features first, estimated with the columns of the alignments as classes; None to
        take them as they are.
    """

    __pydantic_config__ = STRICT

    tree: TreeConfig = field(default_factory=TreeConfig)
    training: GmmTrainConfig = field(default_factory=GmmTrainConfig)
    transform: Optional[TransformConfig] = None


TIED_DEFAULTS = TiedGmmConfig()


def train_tied_gmm(
    features: FeatureBatch,
    alignments: Sequence[Hypothesis],
    columns: Columns,
    lexicon: Lexicon,
    feature_config: FeatureConfig,
    config: TiedGmmConfig = TIED_DEFAULTS,
    *,
    work_dir: Optional[PathLike] = None,
    threads: int = 1,
) -> GmmTraining:
    """Grows a tree from alignments, and trains a GMM-HMM on its columns, with one Gaussian each to begin with.

    Args:
      features: with transcripts.
      alignments: of each utterance of `features`, in their order, e.g. with a model without context.
      columns: meaning of the columns of these alignments: states of the topology that is to be tied, tied or not.
      lexicon: of the training words; its silence has no context.
      feature_config: how the features were extracted; kept in the model.
      config: how to tie and to train.
      work_dir, threads: as for `train_gmm`.

    Raises:
      TrainingError: alignments of other utterances, frames or states. Also as `train_gmm`.
      FileFormatError: a malformed file of questions.
    """
    topology = hmm_topology(config.training, lexicon)
    check_batch(features, feature_config, "train_tied_gmm")
    _check_alignments(features, alignments, columns, topology.columns(lexicon.tokens))
    transform = None
    if config.transform is not None:
        classes = [np.array(alignment.columns, dtype=np.int64) for alignment in alignments]
        transform = estimate_transform(features.matrices, classes, config.transform)
        features = replace(features, matrices=tuple(map(transform.apply, features.matrices)))
    statistics = collect_contexts(features.matrices, alignments, columns, lexicon.tokens, features.frame_shift)
    floor = config.training.variance_floor * variance_of(statistics.moments)
    tree = tie_states(statistics, lexicon, config.tree, floor)
    tied = topology.tied(tree)
    gmm = single_gaussians(statistics, tree, floor)
    utterances = hmm_utterances(features, lexicon, tied)
    start = GmmState(gmm, moves(tied, lexicon.tokens).uniform(), floor)
    identity = ""
    if work_dir is not None:
        identity = content_hash(fingerprint([config, feature_config], lexicon, [features]), tree.hash)
    state = run_passes(start, utterances, config.training, work_dir=work_dir, identity=identity, threads=threads)
    model = GmmModel(state.gmm, lexicon.tokens, state.transitions, feature_config, tied, transform)
    return GmmTraining(model, state.history, unseen_columns(utterances))


def _check_alignments(
    features: FeatureBatch, alignments: Sequence[Hypothesis], columns: Columns, untied: Columns
) -> None:
    names = tuple(alignment.utterance for alignment in alignments)
    if names != features.ids:
        raise TrainingError(
            f"train_tied_gmm: alignments of {len(names)} utterances for {len(features)} in another order or of other "
            "names; align these features"
        )
    found, expected = (set(zip(known.token.tolist(), known.state.tolist())) for known in (columns, untied))
    if found != expected:
        token = min(found ^ expected)[0]
        raise TrainingError(
            f"train_tied_gmm: alignments with {_states(columns, token)} states of token {token} for a topology of "
            f"{_states(untied, token)}; align with a model of the same topology, before tying"
        )


def _states(columns: Columns, token: int) -> int:
    return int(columns.state[columns.token == token].max(initial=0))


def tie_states(statistics: ContextStatistics, lexicon: Lexicon, config: TreeConfig, floor: Float64) -> ContextTree:
    """The tree that `config` asks for; the lexicon's silence has no context.

    Raises:
      FileFormatError: a malformed file of questions.
    """
    questions: List[Question]
    if config.questions:
        questions = read_questions(config.questions, statistics.tokens)
    else:
        questions = cluster_questions(statistics, floor)
    context_free = () if lexicon.silence is None else (lexicon.silence.token,)
    return grow_tree(statistics, questions, config, floor, context_free)


def single_gaussians(statistics: ContextStatistics, tree: ContextTree, floor: Float64) -> DiagGmm:
    """One Gaussian a column, of the frames whose contexts lead to it; of all frames where there are none."""
    token, state, left, right = statistics.contexts.T
    sums = np.zeros((tree.num_columns, statistics.moments.shape[1]))
    np.add.at(sums, tree.table[left, token, right, state - 1], statistics.moments)
    sums[sums[:, 0] < 1] = statistics.moments.sum(axis=0)
    means, variances = _moments(sums, len(floor))
    return DiagGmm(np.ones(len(sums)), means, np.maximum(variances, floor), np.arange(len(sums) + 1))


def _moments(sums: Float64, size: int) -> Tuple[Float64, Float64]:
    means = sums[:, 1 : 1 + size] / sums[:, :1]
    return means, sums[:, 1 + size :] / sums[:, :1] - means**2
