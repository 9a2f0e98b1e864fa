"""Training of GMM-HMMs whose states are tied by context."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError, TrainingError
from fsaasr.core.files import PathLike, content_hash
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import FloatArray
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.graph import Columns, ContextTree, Topology, moves
from fsaasr.lexicon import Lexicon
from fsaasr.models.diag_gmm import DiagGmm, Float64
from fsaasr.models.gmm import GmmModel
from fsaasr.models.speaker_adaptation import (
    Adaptation,
    AdaptationConfig,
    SpeakerTransforms,
    silence_weights,
    speaker_names,
)
from fsaasr.models.spliced_transform import SplicedTransform
from fsaasr.train.batch_checks import check_batch
from fsaasr.train.checkpoint import fingerprint
from fsaasr.train.context_questions import Question, cluster_questions, position_questions, read_questions
from fsaasr.train.context_statistics import ContextStatistics, collect_contexts, variance_of
from fsaasr.train.expectation import hmm_utterances
from fsaasr.train.fmllr import transforms_of
from fsaasr.train.gmm import GmmTraining
from fsaasr.train.gmm_config import GmmTrainConfig, hmm_topology
from fsaasr.train.gmm_passes import GmmState, run_passes, unseen_columns
from fsaasr.train.speaker_adapter import SpeakerAdapter
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
      speaker_adaptation: train on features that are adapted to each speaker, starting from a GMM-HMM, whose transform
        of the features is kept; None to train on features of all speakers alike.

    Raises:
      ConfigError: speaker adaptation with another transform, or with training that keeps no alignments.
    """

    __pydantic_config__ = STRICT

    tree: TreeConfig = field(default_factory=TreeConfig)
    training: GmmTrainConfig = field(default_factory=GmmTrainConfig)
    transform: Optional[TransformConfig] = None
    speaker_adaptation: Optional[AdaptationConfig] = None

    def __post_init__(self) -> None:
        if self.speaker_adaptation is not None and (self.transform is not None or self.training.method != "viterbi"):
            raise ConfigError(
                f"TiedGmmConfig: speaker_adaptation with transform {self.transform} and method "
                f"{self.training.method!r}; expected no transform, as that of the model to start with is kept, and "
                "viterbi"
            )


TIED_DEFAULTS = TiedGmmConfig()


def train_tied_gmm(
    features: FeatureBatch,
    alignments: Sequence[Hypothesis],
    columns: Columns,
    lexicon: Lexicon,
    feature_config: FeatureConfig,
    config: TiedGmmConfig = TIED_DEFAULTS,
    *,
    start: Optional[GmmModel] = None,
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
      start: the model that aligned, for speaker adaptation, which begins with the transforms that it gives; not used
        without.
      work_dir, threads: as for `train_gmm`.

    Raises:
      TrainingError: alignments of other utterances, frames or states; speaker adaptation without a model to start with
        over the same features. Also as `train_gmm`.
      FileFormatError: a malformed file of questions.
    """
    topology = hmm_topology(config.training, lexicon)
    check_batch(features, feature_config, "train_tied_gmm")
    _check_alignments(features, alignments, columns, topology.columns(lexicon.tokens))
    front = _front(features, alignments, lexicon, feature_config, config, start)
    statistics = collect_contexts(front.seen, alignments, columns, lexicon.tokens, features.frame_shift)
    floor = config.training.variance_floor * variance_of(statistics.moments)
    tree = tie_states(statistics, lexicon, config.tree, floor)
    tied = topology.tied(tree)
    gmm = single_gaussians(statistics, tree, floor)
    state = GmmState(gmm, moves(tied, lexicon.tokens).uniform(), floor, transforms=front.transforms)
    utterances = hmm_utterances(replace(front.features, matrices=front.seen), lexicon, tied)
    adapter = _adapter(front.features, lexicon, tied, config)
    identity = ""
    if work_dir is not None:
        identity = content_hash(fingerprint([config, feature_config], lexicon, [features]), tree.hash)
    state = run_passes(
        state, utterances, config.training, adapter=adapter, work_dir=work_dir, identity=identity, threads=threads
    )
    adaptation = None
    if adapter is not None and state.transforms is not None:
        adapted = adapter.utterances(utterances, state.transforms)
        unadapted = adapter.unadapted(state.gmm, state.transitions, adapted, floor, config.training.min_occupancy)
        adaptation = Adaptation(unadapted, adapter.config, _silence(lexicon))
    model = GmmModel(state.gmm, lexicon.tokens, state.transitions, feature_config, tied, front.transform, adaptation)
    return GmmTraining(model, state.history, unseen_columns(utterances))


class _Front(NamedTuple):
    """What the mixtures are trained on: features after the transform, and as they are first seen, adapted or not."""

    transform: Optional[SplicedTransform]
    features: FeatureBatch
    seen: Tuple[FloatArray, ...]
    transforms: Optional[SpeakerTransforms] = None


def _front(
    features: FeatureBatch,
    alignments: Sequence[Hypothesis],
    lexicon: Lexicon,
    feature_config: FeatureConfig,
    config: TiedGmmConfig,
    start: Optional[GmmModel],
) -> _Front:
    if config.speaker_adaptation is None:
        transform = None
        if config.transform is not None:
            classes = [np.array(alignment.columns, dtype=np.int64) for alignment in alignments]
            transform = estimate_transform(features.matrices, classes, config.transform)
            features = replace(features, matrices=tuple(map(transform.apply, features.matrices)))
        return _Front(transform, features, tuple(features.matrices))
    if start is None or start.features != feature_config:
        raise TrainingError(
            "train_tied_gmm: speaker adaptation begins with a GMM-HMM over the same features, found "
            f"{'none' if start is None else start.features}; give the one that aligned, and its features"
        )
    transforms = transforms_of(start, features, alignments, config.speaker_adaptation, _silence(lexicon))
    transformed = start.transformed(features.matrices)
    names = speaker_names(features.ids, features.speakers)
    seen = tuple(transforms.apply(matrix, name) for matrix, name in zip(transformed, names))
    return _Front(start.transform, replace(features, matrices=transformed), seen, transforms)


def _adapter(
    features: FeatureBatch, lexicon: Lexicon, topology: Topology, config: TiedGmmConfig
) -> Optional[SpeakerAdapter]:
    own = config.speaker_adaptation
    if own is None:
        return None
    columns = topology.columns(lexicon.tokens)
    weights = silence_weights(columns, lexicon.tokens, _silence(lexicon), own.silence_weight)
    return SpeakerAdapter(features, own, weights)


def _silence(lexicon: Lexicon) -> str:
    return "" if lexicon.silence is None else lexicon.silence.token


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
        questions = cluster_questions(statistics, floor) + position_questions(statistics.tokens)
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
