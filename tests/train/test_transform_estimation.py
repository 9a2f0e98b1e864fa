"""LDA and the rotation after it: against their definitions, and on data whose structure is known."""

from __future__ import annotations

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError, ModelError, TrainingError
from fsaasr.models.spliced_transform import SplicedTransform, splice
from fsaasr.train.transform_estimation import TransformConfig, class_covariances, estimate_transform, lda, mllt


def labelled(count: int = 2000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three classes whose means differ along the first axis of a mixed-up space of four dimensions."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(3, size=count)
    frames = rng.normal(size=(count, 4)) * [1.0, 2.0, 0.5, 1.0]
    frames[:, 0] += 4.0 * classes
    return (frames @ rng.normal(size=(4, 4))).astype(np.float32), classes


def test_splicing_puts_neighbours_in_a_row() -> None:
    frames = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert splice(frames, 1).tolist() == [[0, 1, 0, 1, 2, 3], [0, 1, 2, 3, 4, 5], [2, 3, 4, 5, 4, 5]]
    assert splice(frames, 0).tolist() == frames.tolist()


def test_lda_whitens_classes_and_keeps_what_tells_them_apart() -> None:
    frames, classes = labelled()
    projected = frames @ lda(frames, classes, 4).T
    within = sum((classes == c).mean() * np.cov(projected[classes == c].T, bias=True) for c in range(3))
    np.testing.assert_allclose(within, np.eye(4), atol=1e-3)
    # Fisher's ratio of each direction falls, and all that differs is in the first.
    between = np.var([projected[classes == c].mean(axis=0) for c in range(3)], axis=0)
    assert (np.diff(between) < 1e-6).all()
    assert between[0] > 50 * between[1:].sum()


@pytest.mark.parametrize("seed", range(3))
def test_the_rotation_never_loses_likelihood_and_ends_where_covariances_are_diagonal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(3, 3))
    variances = rng.uniform(0.2, 5.0, size=(6, 3))
    covariances = np.stack([mixing @ np.diag(row) @ mixing.T for row in variances])
    sizes = rng.uniform(10, 1000, size=6)
    rotation, history = mllt(sizes, covariances, 60)
    assert (np.diff(history) > -1e-12).all()
    for covariance in covariances:
        made = rotation @ covariance @ rotation.T
        assert np.abs(made - np.diag(np.diag(made))).max() < 0.02 * np.diag(made).max()
    # The best that can be is the likelihood of full covariances.
    full = -0.5 * (sizes / sizes.sum()) @ np.linalg.slogdet(covariances)[1]
    assert history[-1] == pytest.approx(full, abs=1e-3)
    assert history[0] < full


def test_small_classes_have_no_covariance_of_their_own() -> None:
    frames, _ = labelled(100)
    classes = np.array([0] * 50 + [1] * 45 + [2] * 5)
    sizes, covariances = class_covariances(frames, classes)
    assert sizes.tolist() == [50, 45]
    np.testing.assert_allclose(covariances[1], np.cov(frames[50:95].T, bias=True), rtol=1e-5)
    assert class_covariances(frames[:6], np.arange(6))[0].tolist() == [6]


def test_the_whole_transform_maps_frames_of_an_utterance_with_their_neighbours() -> None:
    frames, classes = labelled(600)
    matrices, labels = np.split(frames, 3), np.split(classes, 3)
    transform = estimate_transform(matrices, labels, TransformConfig(context=1, dimensions=5, rotations=2))
    assert transform.matrix.shape == (5, 12)
    assert (transform.inputs, transform.outputs) == (4, 5)
    np.testing.assert_allclose(transform.apply(matrices[1]), splice(matrices[1], 1) @ transform.matrix.T, rtol=1e-5)


def test_what_cannot_be_is_refused() -> None:
    frames, classes = labelled(100)
    with pytest.raises(TrainingError, match="12 spliced features cannot give 13"):
        estimate_transform([frames], [classes], TransformConfig(context=1, dimensions=13))
    with pytest.raises(TrainingError, match="depend on one another"):
        estimate_transform([np.concatenate([frames, frames], axis=1)], [classes], TransformConfig(0, 2))
    with pytest.raises(ConfigError, match="dimensions 0"):
        TransformConfig(dimensions=0)
    with pytest.raises(ModelError, match="for 3 frames in a row"):
        SplicedTransform(np.ones((2, 4), np.float32), 1)
