"""Linear feature transforms from aligned frames: LDA, then a maximum likelihood rotation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError, TrainingError
from fsaasr.core.scores import FloatArray
from fsaasr.models.spliced_transform import SplicedTransform, splice

Float64 = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TransformConfig:
    """What is made of the features before the mixtures see them.

    Attributes:
      context: frames on either side that are spliced to each, >= 0.
      dimensions: features that remain, >= 1.
      rotations: passes over the rows of the rotation that makes diagonal covariances fit best; 0 for LDA alone.
    """

    __pydantic_config__ = STRICT

    context: int = 4
    dimensions: int = 40
    rotations: int = 20

    def __post_init__(self) -> None:
        if self.context < 0 or self.dimensions < 1 or self.rotations < 0:
            raise ConfigError(
                f"TransformConfig: context {self.context}, dimensions {self.dimensions}, rotations {self.rotations}; "
                "expected >= 0, >= 1, >= 0"
            )


def estimate_transform(
    matrices: Sequence[FloatArray], labels: Sequence[Labels], config: TransformConfig
) -> SplicedTransform:
    """LDA of spliced frames whose classes are known, and the rotation after it.

    Args:
      matrices: of each utterance the features (T, F).
      labels: of each utterance the class of each frame (T,), e.g. the column of an alignment.
      config: how many frames are spliced, how many dimensions remain.

    Raises:
      TrainingError: fewer spliced features than dimensions that shall remain, or features that depend on one another.
    """
    inputs = matrices[0].shape[1] * (2 * config.context + 1)
    if config.dimensions > inputs:
        raise TrainingError(
            f"estimate_transform: {inputs} spliced features cannot give {config.dimensions} dimensions; ask for fewer"
        )
    classes = np.concatenate(labels)
    spliced = np.concatenate([splice(matrix, config.context) for matrix in matrices])
    projection = lda(spliced, classes, config.dimensions)
    projected = SplicedTransform(projection.astype(np.float32), config.context)
    sizes, covariances = class_covariances(np.concatenate([projected.apply(matrix) for matrix in matrices]), classes)
    rotation = mllt(sizes, covariances, config.rotations)[0]
    return SplicedTransform((rotation @ projection).astype(np.float32), config.context)


def lda(frames: FloatArray, classes: Labels, dimensions: int) -> Float64:
    """float64 (D, S): the directions in which class means differ most, for within-class covariance the identity.

    Args:
      frames: (T, S). classes: (T,). dimensions: D.

    Raises:
      TrainingError: features that depend on one another.
    """
    centred = frames - frames.mean(axis=0)
    sizes, sums = _class_sums(classes, centred)
    total = centred.T @ centred / len(centred)
    between = (sums.T / sizes) @ sums / len(centred)
    try:
        root = np.linalg.inv(np.linalg.cholesky(total.astype(np.float64) - between))
    except np.linalg.LinAlgError as error:
        raise TrainingError("lda: features depend on one another; use fewer, without derivatives") from error
    _, directions = np.linalg.eigh(root @ between @ root.T)
    projection: Float64 = directions[:, ::-1][:, :dimensions].T @ root
    return projection


def class_covariances(frames: FloatArray, classes: Labels) -> Tuple[Float64, Float64]:
    """Frames (n,) and covariance (n, D, D) of each class that has enough of them to have one."""
    order = np.argsort(classes, kind="stable")
    groups = np.split(frames[order].astype(np.float64), np.flatnonzero(np.diff(classes[order])) + 1)
    enough = [group for group in groups if len(group) > 2 * frames.shape[1]] or [frames.astype(np.float64)]
    sizes = np.array([len(group) for group in enough], dtype=np.float64)
    return sizes, np.stack([np.cov(group.T, bias=True).reshape(frames.shape[1], -1) for group in enough])


def mllt(sizes: Float64, covariances: Float64, passes: int) -> Tuple[Float64, List[float]]:
    """The rotation after which diagonal covariances lose least likelihood (Gales 1999, section 2.2).

    Args:
      sizes: (n,) frames of each class.
      covariances: (n, D, D) full covariances.
      passes: over the D rows.

    Returns:
      float64 (D, D), and the log likelihood a frame, up to a constant, before the first and after each pass.
    """
    rotation = np.eye(covariances.shape[1])
    history = [_diagonal_likelihood(rotation, sizes, covariances)]
    for _ in range(passes):
        for row in range(len(rotation)):
            variances = np.einsum("i,nij,j->n", rotation[row], covariances, rotation[row])
            weighted = np.tensordot(sizes / sizes.sum() / variances, covariances, axes=1)
            cofactors = np.linalg.inv(rotation)[:, row]
            direction = np.linalg.solve(weighted, cofactors)
            rotation[row] = direction / np.sqrt(cofactors @ direction)
        history.append(_diagonal_likelihood(rotation, sizes, covariances))
    return rotation, history


def _diagonal_likelihood(rotation: Float64, sizes: Float64, covariances: Float64) -> float:
    variances = np.einsum("di,nij,dj->nd", rotation, covariances, rotation)
    share = sizes / sizes.sum()
    return float(np.linalg.slogdet(rotation)[1] - 0.5 * share @ np.log(variances).sum(axis=1))


def _class_sums(classes: Labels, frames: FloatArray) -> Tuple[Float64, Float64]:
    """Frames (n,) and sums (n, S) of the classes that occur."""
    order = np.argsort(classes, kind="stable")
    starts = np.concatenate([[0], np.flatnonzero(np.diff(classes[order])) + 1])
    sizes = np.diff(np.append(starts, len(classes))).astype(np.float64)
    return sizes, np.add.reduceat(frames[order].astype(np.float64), starts, axis=0)
