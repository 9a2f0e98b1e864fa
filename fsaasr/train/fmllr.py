"""Feature transforms of speakers by maximum likelihood under diagonal Gaussians (Gales 1998, section 2.2 and 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import FloatArray
from fsaasr.features import FeatureBatch
from fsaasr.graph import find_topology
from fsaasr.models.diag_gmm import DiagGmm, Float64
from fsaasr.models.gmm import GmmModel
from fsaasr.models.speaker_adaptation import (
    AdaptationConfig,
    SpeakerTransforms,
    TransformKind,
    silence_weights,
    speaker_names,
)

Int64 = npt.NDArray[np.int64]

SWEEPS = 40
"""Passes over the rows of a full matrix, at most."""

_GAIN = 1e-5
"""Log likelihood a frame below which another pass is not worth its while."""


@dataclass(frozen=True, eq=False)
class FmllrStatistics:
    """What the likelihood of a speaker's frames depends on, as a function of the transform.

    With `z = [x, 1]`, and sums over frames t and Gaussians m of posterior times weight:

    Attributes:
      frames: sum of posteriors.
      squares: float64 (D, D + 1, D + 1): for each feature i the sum of `z z' / variance_mi`.
      products: float64 (D, D + 1): for each feature i the sum of `mean_mi * z / variance_mi`.
    """

    frames: float
    squares: Float64
    products: Float64

    @classmethod
    def collect(
        cls, features: FloatArray, precisions: FloatArray, targets: FloatArray, weights: Float64
    ) -> FmllrStatistics:
        """Sums over the frames of one speaker.

        Args:
          features: (T, D), before the transform.
          precisions, targets: (T, D), as `frame_terms` gives.
          weights: (T,), what each frame counts, >= 0.
        """
        extended = np.concatenate([features, np.ones((len(features), 1))], axis=1).astype(np.float64)
        weighted = weights[:, None] * precisions
        squares = np.stack([(extended * column[:, None]).T @ extended for column in weighted.T])
        products = (weights[:, None] * targets).T @ extended
        return cls(float(weights.sum()), squares, products)

    def auxiliary(self, matrix: Float64) -> float:
        """Expected log likelihood of the transformed frames, up to a constant, for a matrix (D, D + 1)."""
        quadratic = np.einsum("da,dab,db->", matrix, self.squares, matrix)
        determinant = np.linalg.slogdet(matrix[:, :-1])[1]
        return float(self.frames * determinant + (matrix * self.products).sum() - 0.5 * quadratic)


def frame_terms(judge: DiagGmm, gmm: DiagGmm, features: FloatArray, columns: Int64) -> Tuple[FloatArray, FloatArray]:
    """float32 (T, D) each: expected 1 / variance and mean / variance, over the Gaussians of each frame's column.

    Args:
      judge: gives the Gaussians' posteriors. gmm: gives means and variances; has the same Gaussians, one for one.
      features: (T, D), as `judge` expects them.
      columns: (T,), the column that each frame belongs to.
    """
    precisions = np.empty((len(features), gmm.dimension), dtype=np.float32)
    targets = np.empty_like(precisions)
    inverse = 1.0 / gmm.variances
    order = np.argsort(columns, kind="stable")
    starts = np.flatnonzero(np.diff(columns[order], prepend=-1))
    for members in np.split(order, starts[1:]):
        column = columns[members[:1]]
        part, own = judge.select(column), gmm.gaussians_of(column)
        scores = part.gaussian_scores(features[members])
        posteriors = np.exp(scores - part.sum_columns(scores))
        precisions[members] = posteriors @ inverse[own]
        targets[members] = posteriors @ (inverse * gmm.means)[own]
    return precisions, targets


def estimate_matrix(statistics: FmllrStatistics, start: Float64, kind: TransformKind) -> Tuple[Float64, List[float]]:
    """The matrix of greatest likelihood of its kind.

    Args:
      statistics: of the speaker.
      start: float64 (D, D + 1), what a full matrix is improved from.
      kind: `full` (rows one after another, each to its optimum given the others), `diagonal`, `offset` or `identity`
        (which have their optimum in one step).

    Returns:
      float64 (D, D + 1), and the auxiliary function before the first and after each step; it never falls.
    """
    if kind == "full":
        return _estimate_full(statistics, start)
    matrix = np.eye(start.shape[0], start.shape[1])
    history = [statistics.auxiliary(matrix)]
    last = start.shape[1] - 1
    for row in range(len(matrix)):
        if kind == "diagonal":
            kept = np.array([row, last])
            square = statistics.squares[row][np.ix_(kept, kept)]
            matrix[row, kept] = _best_row(square, statistics.products[row, kept], np.array([1.0, 0.0]), statistics)
        elif kind == "offset":
            square = statistics.squares[row]
            matrix[row, last] = (statistics.products[row, last] - square[row, last]) / square[last, last]
    return matrix, [*history, statistics.auxiliary(matrix)]


def _estimate_full(statistics: FmllrStatistics, start: Float64) -> Tuple[Float64, List[float]]:
    matrix = start.copy()
    inverses = np.linalg.inv(statistics.squares)
    history = [statistics.auxiliary(matrix)]
    for _ in range(SWEEPS):
        for row in range(len(matrix)):
            # Cofactors up to a factor, which the determinant's logarithm turns into a constant.
            cofactors = np.append(np.linalg.inv(matrix[:, :-1])[:, row], 0.0)
            matrix[row] = _optimum(inverses[row], statistics.products[row], cofactors, statistics.frames)
        history.append(statistics.auxiliary(matrix))
        if history[-1] - history[-2] < _GAIN * statistics.frames:
            break
    return matrix, history


def _best_row(square: Float64, product: Float64, cofactors: Float64, statistics: FmllrStatistics) -> Float64:
    return _optimum(np.linalg.inv(square), product, cofactors, statistics.frames)


def _optimum(inverse: Float64, product: Float64, cofactors: Float64, frames: float) -> Float64:
    """The row w that maximises `frames * log|cofactors w| + product w - w square w / 2`: Gales 1998, appendix A."""
    direction = cofactors @ inverse
    curvature, slope = direction @ cofactors, direction @ product
    root = np.sqrt(slope**2 + 4.0 * curvature * frames)
    # Both roots are stationary; with the determinant's part at them, one is the better.
    steps = np.array([-slope + root, -slope - root]) / (2.0 * curvature)
    values = frames * np.log(np.abs(steps * curvature + slope)) - 0.5 * steps**2 * curvature
    best: Float64 = steps[int(np.argmax(values))] * direction + product @ inverse
    return best


@dataclass(frozen=True, eq=False)
class AlignedSpeech:
    """Utterances of speakers whose frames' columns are known.

    Attributes:
      features: N float32 (T_n, D), before the transform.
      columns: N int64 (T_n,).
      speakers: N names, see `speaker_names`.
      weights: float64 (C,), what a frame of each column counts.
    """

    features: Sequence[FloatArray]
    columns: Sequence[Int64]
    speakers: Sequence[str]
    weights: Float64

    def transformed(self, transforms: SpeakerTransforms) -> FloatArray:
        """All frames (T, D), one utterance after another, after the transforms."""
        pairs = zip(self.features, self.speakers)
        return np.concatenate([transforms.apply(matrix, speaker) for matrix, speaker in pairs])


def estimate_transforms(
    speech: AlignedSpeech,
    gmm: DiagGmm,
    start: SpeakerTransforms,
    config: AdaptationConfig,
    unadapted: Optional[DiagGmm] = None,
) -> SpeakerTransforms:
    """Transforms that make speech fit mixtures best.

    Args:
      speech: what to transform.
      gmm: the mixtures.
      start: transforms to improve, of the same speakers.
      config: how often, and how much data which kind of transform needs.
      unadapted: gives the Gaussians' posteriors the first time, from the features as they are; None takes those of
        `gmm` from the features that `start` gives.
    """
    columns = np.concatenate(list(speech.columns))
    transforms = start
    for number in range(config.estimations):
        if number == 0 and unadapted is not None:
            terms = frame_terms(unadapted, gmm, np.concatenate(list(speech.features)), columns)
        else:
            terms = frame_terms(gmm, gmm, speech.transformed(transforms), columns)
        transforms = _estimate(speech, terms, transforms, config)
    return transforms


def _estimate(
    speech: AlignedSpeech, terms: Tuple[FloatArray, FloatArray], start: SpeakerTransforms, config: AdaptationConfig
) -> SpeakerTransforms:
    ends = np.cumsum([len(matrix) for matrix in speech.features])
    matrices, kinds, frames = [], [], []
    for place, speaker in enumerate(start.speakers):
        own = [n for n, name in enumerate(speech.speakers) if name == speaker]
        rows = np.concatenate([np.arange(ends[n] - len(speech.features[n]), ends[n]) for n in own])
        statistics = FmllrStatistics.collect(
            np.concatenate([speech.features[n] for n in own]),
            terms[0][rows],
            terms[1][rows],
            np.concatenate([speech.weights[speech.columns[n]] for n in own]),
        )
        kinds.append(config.kind(statistics.frames))
        frames.append(statistics.frames)
        before = start.matrices[place].astype(np.float64)
        matrices.append(estimate_matrix(statistics, before, kinds[-1])[0].astype(np.float32))
    return SpeakerTransforms(start.speakers, np.stack(matrices), tuple(kinds), np.array(frames))


def transforms_of(
    model: GmmModel,
    features: FeatureBatch,
    alignments: Sequence[Hypothesis],
    config: AdaptationConfig,
    silence: str,
) -> SpeakerTransforms:
    """Transforms of the speakers of aligned utterances, improved from the model's own where it has some.

    Args:
      model: gives the mixtures, and its silence.
      features: of N utterances, as the model expects them.
      alignments: of each, over the model's columns: of a transcript, or of what was recognized.
      config: how to estimate. silence: token whose frames count less; "" for none.
    """
    speakers = speaker_names(features.ids, features.speakers)
    columns = [np.array(alignment.columns, dtype=np.int64) for alignment in alignments]
    meaning = find_topology(model.topology).columns(model.tokens)
    weights = silence_weights(meaning, model.tokens, silence, config.silence_weight)
    speech = AlignedSpeech(model.transformed(features.matrices), columns, speakers, weights)
    if model.transforms is not None:
        return estimate_transforms(speech, model.gmm, model.transforms, config)
    start = SpeakerTransforms.identities(sorted(set(speakers)), model.gmm.dimension)
    unadapted = None if model.adaptation is None else model.adaptation.unadapted
    return estimate_transforms(speech, model.gmm, start, config, unadapted)
