"""Where GMM training starts: each utterance cut into equal parts, one an HMM state."""

from __future__ import annotations

from typing import List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import TrainingError
from fsaasr.core.scores import FloatArray
from fsaasr.features import FeatureBatch
from fsaasr.graph import Topology
from fsaasr.lexicon import Lexicon
from fsaasr.models.diag_gmm import DiagGmm, Float64
from fsaasr.train.gmm_statistics import GmmStatistics, maximise


def flat_start(features: FeatureBatch, lexicon: Lexicon, topology: Topology, floor: float) -> Tuple[DiagGmm, Float64]:
    """One Gaussian a column, from equal alignments of all utterances.

    An utterance is silence (where the lexicon has it), the most probable pronunciation of each word, and
    silence; those of fewer frames than states are left out here. A column that no utterance has gets the
    mean and variance of all the data.

    Args:
      features: with transcripts.
      lexicon: of the training words.
      topology: of HMM states.
      floor: least variance, as a share of that of all the data.

    Returns:
      The mixtures, and the variance floor (F,) for later iterations.

    Raises:
      TrainingError: a feature dimension that never varies, or no utterance long enough.
    """
    mean, variance = _global_moments(features)
    columns = topology.columns(lexicon.tokens)
    count = len(columns.names)
    start = DiagGmm(np.ones(count), np.tile(mean, (count, 1)), np.tile(variance, (count, 1)), np.arange(count + 1))
    statistics = GmmStatistics(start)
    for matrix, text in zip(features.matrices, features.texts):
        path = column_sequence(text.split(), lexicon, columns.token)
        if len(matrix) >= len(path):
            _add_equal_parts(statistics, matrix, path)
    if statistics.frames == 0:
        raise TrainingError(
            f"flat_start: every utterance has fewer frames than HMM states, e.g. {features.ids[0]!r} with "
            f"{len(features.matrices[0])} frames; use a topology of fewer states or a smaller frame shift"
        )
    return maximise(statistics, floor * variance, min_occupancy=1.0), floor * variance


def column_sequence(
    words: Sequence[str], lexicon: Lexicon, column_token: npt.NDArray[np.int32]
) -> npt.NDArray[np.int64]:
    """int64 (U,): columns of the words' most probable pronunciations, with silence around where there is any."""
    tokens = first_pronunciations(words, lexicon)
    if lexicon.silence is not None:
        tokens = [lexicon.silence.token, *tokens, lexicon.silence.token]
    return np.concatenate([np.flatnonzero(column_token == lexicon.tokens[token]) for token in tokens])


def first_pronunciations(words: Sequence[str], lexicon: Lexicon) -> List[str]:
    """Tokens of the most probable pronunciation of each word; the first one of equals."""
    return [token for word in words for token in max(lexicon.of(word), key=lambda entry: entry.log_prob).tokens]


def _global_moments(features: FeatureBatch) -> Tuple[Float64, Float64]:
    frames: FloatArray = np.concatenate(features.matrices)
    mean = frames.mean(axis=0, dtype=np.float64)
    variance = frames.var(axis=0, dtype=np.float64)
    if not (variance > 0).all():
        raise TrainingError(
            f"flat_start: feature {int(np.argmin(variance))} is the same in every frame; check the features and audio"
        )
    return mean, variance


def _add_equal_parts(statistics: GmmStatistics, matrix: FloatArray, path: npt.NDArray[np.int64]) -> None:
    occupancy = np.zeros((len(matrix), statistics.gmm.num_columns), dtype=np.float32)
    frames = np.arange(len(matrix))
    occupancy[frames, path[frames * len(path) // len(matrix)]] = 1.0
    scores = statistics.gmm.gaussian_scores(matrix)
    statistics.add_frames(matrix, occupancy, scores, scores)
