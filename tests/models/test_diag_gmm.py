from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import ModelError
from fsaasr.models.diag_gmm import DiagGmm


def random_gmm(seed: int, mixtures: tuple[int, ...] = (2, 1, 3), dimension: int = 4) -> DiagGmm:
    rng = np.random.default_rng(seed)
    total = sum(mixtures)
    weights = np.concatenate([part / part.sum() for part in (rng.uniform(0.1, 1, size) for size in mixtures)])
    return DiagGmm(
        weights,
        rng.normal(size=(total, dimension)),
        rng.uniform(0.2, 2.0, size=(total, dimension)),
        np.concatenate([[0], np.cumsum(mixtures)]),
    )


def brute_force(gmm: DiagGmm, frame: np.ndarray, column: int) -> float:
    """The density's definition, one Gaussian and one dimension at a time."""
    total = 0.0
    for m in range(gmm.offsets[column], gmm.offsets[column + 1]):
        density = gmm.weights[m]
        for x, mean, variance in zip(frame, gmm.means[m], gmm.variances[m]):
            density *= math.exp(-((x - mean) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)
        total += density
    return math.log(total)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_log_likelihoods_equal_the_definition(seed: int) -> None:
    gmm = random_gmm(seed)
    frames = np.random.default_rng(seed + 1).normal(size=(3, 4))
    expected = [[brute_force(gmm, frame, column) for column in range(3)] for frame in frames]
    np.testing.assert_allclose(gmm.log_likelihoods(frames), expected, rtol=1e-4, atol=1e-4)


def test_frames_are_scored_alike_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    gmm = random_gmm(3)
    frames = rng.normal(size=(50, gmm.dimension))
    whole = gmm.log_likelihoods(frames)
    monkeypatch.setattr("fsaasr.models.diag_gmm.BLOCK", 7)
    np.testing.assert_allclose(gmm.log_likelihoods(frames), whole, atol=1e-5)
    assert gmm.log_likelihoods(frames[:0]).shape == (0, gmm.num_columns)


def test_log_likelihoods_equal_kaldi() -> None:
    # kaldi-hmm-gmm 1.1.4: DiagGmm(3, 4), set_weights, set_invvars_and_means, compute_gconsts, log_likelihood.
    gmm = DiagGmm(
        weights=np.array([0.4, 0.3, 0.3]),
        means=np.array([[1.75, 0.25, 1.25, 1.5], [-1.25, -2.0, -0.75, -1.0], [1.5, 1.75, -2.0, 0.0]]),
        variances=np.array([[1.75, 0.5, 1.75, 0.25], [1.0, 1.75, 0.75, 0.75], [0.75, 1.5, 0.75, 2.0]]),
        offsets=np.array([0, 3]),
    )
    frames = np.array(
        [
            [-0.25, 0.0, 0.0, 0.25],
            [0.25, 0.0, 2.0, 1.25],
            [1.25, 0.75, 0.5, -0.75],
            [2.0, -0.25, -1.25, 1.5],
            [-1.5, 1.5, 0.5, -1.75],
        ]
    )
    expected = [-7.569515228271484, -5.102980613708496, -9.600611686706543, -5.947637557983398, -9.817887306213379]
    np.testing.assert_allclose(gmm.log_likelihoods(frames)[:, 0], expected, atol=1e-5)
    # The same, component_log_likelihood of the first frame.
    np.testing.assert_allclose(gmm.gaussian_scores(frames)[0], [-8.88872623, -7.93137646, -10.88614273], atol=1e-5)


def test_far_from_zero_float32_still_suffices() -> None:
    gmm = random_gmm(3)
    far = DiagGmm(gmm.weights, gmm.means + 1000.0, gmm.variances, gmm.offsets)
    frames = np.random.default_rng(4).normal(size=(5, 4))
    np.testing.assert_allclose(far.log_likelihoods(frames + 1000.0), gmm.log_likelihoods(frames), atol=1e-3)


def test_outliers_stay_finite() -> None:
    scores = random_gmm(5).log_likelihoods(np.full((1, 4), 1e4))
    assert np.isfinite(scores).all()


def test_parameters_cannot_be_changed() -> None:
    means = np.zeros((1, 2))
    gmm = DiagGmm(np.ones(1), means, np.ones((1, 2)), np.array([0, 1]))
    means[0, 0] = 5.0
    assert gmm.means[0, 0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        gmm.means[0, 0] = 1.0


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"weights": np.array([0.5, 0.4])}, "sum to 1"),
        ({"means": np.array([[np.nan], [0.0]])}, "not finite"),
        ({"variances": np.array([[1.0], [0.0]])}, "not > 0"),
        ({"offsets": np.array([0, 2, 2])}, "column 1 has no Gaussian"),
        ({"offsets": np.array([0, 1])}, "from 0 to 2"),
        ({"means": np.zeros((3, 1))}, "expected"),
    ],
)
def test_malformed_parameters_are_refused(change: dict[str, np.ndarray], problem: str) -> None:
    parts = {
        "weights": np.array([0.5, 0.5]),
        "means": np.zeros((2, 1)),
        "variances": np.ones((2, 1)),
        "offsets": np.array([0, 2]),
    }
    with pytest.raises(ModelError, match=problem):
        DiagGmm(**{**parts, **change})


def test_features_of_another_dimension_are_refused() -> None:
    with pytest.raises(ModelError, match=r"shape \(3, 5\), expected \(T, 4\)"):
        random_gmm(1).log_likelihoods(np.zeros((3, 5)))


def test_selected_columns_score_as_in_the_whole() -> None:
    rng = np.random.default_rng(0)
    offsets = np.array([0, 2, 3, 6, 7])
    weights = np.concatenate([rng.dirichlet(np.ones(size)) for size in np.diff(offsets)])
    gmm = DiagGmm(weights, rng.normal(size=(7, 3)), rng.uniform(0.5, 2, size=(7, 3)), offsets)
    frames = rng.normal(size=(5, 3))
    columns = np.array([0, 2])
    part = gmm.select(columns)
    assert gmm.gaussians_of(columns).tolist() == [0, 1, 3, 4, 5]
    assert part.offsets.tolist() == [0, 2, 5]
    np.testing.assert_allclose(part.log_likelihoods(frames), gmm.log_likelihoods(frames)[:, columns], atol=1e-6)
    np.testing.assert_allclose(
        DiagGmm(part.weights, part.means, part.variances, part.offsets).log_likelihoods(frames),
        part.log_likelihoods(frames),
        atol=1e-5,
    )
