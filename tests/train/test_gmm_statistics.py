from __future__ import annotations

import numpy as np
import pytest

from fsaasr.models.diag_gmm import DiagGmm
from fsaasr.train.gmm_statistics import GmmStatistics, grow, maximise, maximise_transitions


def two_columns() -> DiagGmm:
    rng = np.random.default_rng(0)
    return DiagGmm(
        np.array([0.25, 0.75, 1.0]), rng.normal(size=(3, 2)), rng.uniform(0.5, 2, size=(3, 2)), np.array([0, 2, 3])
    )


def collect(gmm: DiagGmm, frames: np.ndarray, occupancy: np.ndarray) -> GmmStatistics:
    statistics = GmmStatistics(gmm)
    scores = gmm.gaussian_scores(frames)
    statistics.add_frames(frames, occupancy, scores, gmm.sum_columns(scores))
    return statistics


def test_maximise_equals_weighted_moments() -> None:
    gmm = two_columns()
    rng = np.random.default_rng(1)
    frames = rng.normal(size=(50, 2)).astype(np.float32)
    occupancy = rng.dirichlet([1, 1], size=50).astype(np.float32)
    # Bishop 2006, equations 9.23 to 9.26, one Gaussian at a time.
    likelihood = np.stack(
        [
            w * np.prod(np.exp(-((frames - m) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v), axis=1)
            for w, m, v in zip(gmm.weights, gmm.means, gmm.variances)
        ],
        axis=1,
    )
    first = likelihood[:, :2] / likelihood[:, :2].sum(axis=1, keepdims=True) * occupancy[:, :1]
    share = np.concatenate([first, occupancy[:, 1:]], axis=1)
    updated = maximise(collect(gmm, frames, occupancy), np.full(2, 1e-3), min_occupancy=1.0)
    means = share.T @ frames / share.sum(axis=0)[:, None]
    variances = np.stack([s @ (frames - m) ** 2 / s.sum() for s, m in zip(share.T, means)])
    np.testing.assert_allclose(updated.means, means, atol=1e-5)
    np.testing.assert_allclose(updated.variances, variances, atol=1e-5)
    np.testing.assert_allclose(updated.weights[:2], share[:, :2].sum(axis=0) / share[:, :2].sum(), atol=1e-5)


def test_variances_are_floored() -> None:
    frames = np.ones((10, 2), np.float32)
    updated = maximise(collect(two_columns(), frames, np.full((10, 2), 0.5, np.float32)), np.array([0.25, 0.5]), 0.1)
    np.testing.assert_allclose(updated.variances, np.tile([0.25, 0.5], (3, 1)))


def test_rare_gaussians_and_unvisited_columns_stay() -> None:
    gmm = two_columns()
    frames = np.random.default_rng(2).normal(size=(10, 2)).astype(np.float32)
    occupancy = np.tile(np.array([1.0, 0.0], np.float32), (10, 1))
    updated = maximise(collect(gmm, frames, occupancy), np.full(2, 1e-3), min_occupancy=100.0)
    np.testing.assert_array_equal(updated.means, gmm.means)
    np.testing.assert_array_equal(updated.variances, gmm.variances)
    assert updated.weights[2] == 1.0
    assert updated.weights[0] != gmm.weights[0]


def test_transitions_are_relative_frequencies_within_bounds() -> None:
    statistics = GmmStatistics(two_columns())
    statistics.moves[:] = [[30.0, 10.0], [1000.0, 1.0]]
    previous = np.log(np.full((2, 2), 0.5, np.float32))
    np.testing.assert_allclose(
        np.exp(maximise_transitions(statistics, previous, 5.0)), [[0.75, 0.25], [0.99, 0.01]], rtol=1e-5
    )
    np.testing.assert_array_equal(maximise_transitions(statistics, previous, 2000.0), previous)


def test_the_floored_ones_of_many_transitions_leave_the_rest_its_proportions() -> None:
    statistics = GmmStatistics(two_columns(), 4)
    statistics.moves[:] = [[600.0, 300.0, 1.0, 0.0], [50.0, 50.0, 0.0, 0.0]]
    previous = np.log([[0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 1e-300, 1e-300]]).astype(np.float32)
    previous[1, 2:] = -np.inf
    found = maximise_transitions(statistics, previous, 5.0)
    np.testing.assert_allclose(np.exp(found[0]), [0.98 * 2 / 3, 0.98 / 3, 0.01, 0.01], rtol=1e-5)
    np.testing.assert_allclose(np.exp(found[1]), [0.5, 0.5, 0.0, 0.0], rtol=1e-5)


def test_growth_splits_the_heaviest_by_a_fifth_of_its_deviation() -> None:
    gmm = DiagGmm(np.array([1.0]), np.array([[1.0]]), np.array([[4.0]]), np.array([0, 1]))
    grown = grow(gmm, np.array([100.0]), target=2, power=0.25, min_count=1.0)
    np.testing.assert_allclose(grown.means[:, 0], [0.6, 1.4])
    np.testing.assert_allclose(grown.weights, [0.5, 0.5])
    np.testing.assert_allclose(grown.variances[:, 0], [4.0, 4.0])


@pytest.mark.parametrize(
    ("power", "min_count", "sizes"), [(0.0, 1.0, [3, 3]), (1.0, 1.0, [5, 1]), (1.0, 250.0, [4, 1]), (0.0, 1e6, [1, 1])]
)
def test_growth_follows_occupancy(power: float, min_count: float, sizes: list[int]) -> None:
    gmm = DiagGmm(np.ones(2), np.zeros((2, 1)), np.ones((2, 1)), np.arange(3))
    grown = grow(gmm, np.array([1000.0, 100.0]), target=6, power=power, min_count=min_count)
    assert np.diff(grown.offsets).tolist() == sizes


def test_growth_hardly_changes_the_density() -> None:
    gmm = two_columns()
    frames = np.random.default_rng(3).normal(size=(20, 2))
    grown = grow(gmm, np.array([100.0, 100.0]), target=6, power=0.25, min_count=1.0)
    assert grown.num_gaussians == 6
    np.testing.assert_allclose(grown.log_likelihoods(frames), gmm.log_likelihoods(frames), atol=0.3)


def test_adding_parts_is_adding_the_whole() -> None:
    gmm = two_columns()
    rng = np.random.default_rng(4)
    frames = rng.normal(size=(20, 2)).astype(np.float32)
    occupancy = rng.dirichlet([1, 1], size=20).astype(np.float32)
    whole = collect(gmm, frames, occupancy)
    parts = collect(gmm, frames[:7], occupancy[:7])
    parts.add(collect(gmm, frames[7:], occupancy[7:]))
    np.testing.assert_allclose(parts.second, whole.second, rtol=1e-5)
    assert parts.frames == whole.frames == 20


def test_parts_of_the_columns_are_parts_of_the_whole() -> None:
    gmm = two_columns()
    frames = np.random.default_rng(5).normal(size=(20, 2)).astype(np.float32)
    occupancy = np.tile(np.array([0.0, 1.0], np.float32), (20, 1))
    whole = collect(gmm, frames, occupancy)
    columns = np.array([1])
    part = collect(gmm.select(columns), frames, occupancy[:, 1:])
    sum_of_parts = GmmStatistics(gmm)
    sum_of_parts.add_columns(columns, part)
    np.testing.assert_allclose(sum_of_parts.first, whole.first, atol=1e-5)
    np.testing.assert_allclose(sum_of_parts.occupancy, whole.occupancy, atol=1e-5)
    assert sum_of_parts.frames == whole.frames
