"""Transforms of speakers: optima by an optimiser that knows nothing of the derivation, and the laws that they obey."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fsaasr.core.errors import ConfigError, FileFormatError, ModelError
from fsaasr.models.diag_gmm import DiagGmm
from fsaasr.models.speaker_adaptation import AdaptationConfig, SpeakerTransforms, speaker_names
from fsaasr.train.fmllr import AlignedSpeech, FmllrStatistics, estimate_matrix, estimate_transforms, frame_terms

KINDS = ("identity", "offset", "diagonal", "full")
DIMENSION = 3


def mixtures(seed: int = 0) -> DiagGmm:
    """Four columns of one to three Gaussians."""
    rng = np.random.default_rng(seed)
    sizes = np.array([1, 2, 3, 2])
    weights = np.concatenate([rng.dirichlet(np.full(size, 5.0)) for size in sizes])
    means = rng.normal(scale=3.0, size=(sizes.sum(), DIMENSION))
    return DiagGmm(weights, means, rng.uniform(0.2, 2.0, size=means.shape), np.concatenate([[0], np.cumsum(sizes)]))


def spoken(gmm: DiagGmm, frames: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Frames that the mixtures give, and their columns."""
    rng = np.random.default_rng(seed)
    columns = rng.integers(gmm.num_columns, size=frames)
    chosen = [
        rng.choice(np.arange(gmm.offsets[c], gmm.offsets[c + 1]), p=gmm.weights[gmm.offsets[c] : gmm.offsets[c + 1]])
        for c in columns
    ]
    matrix = gmm.means[chosen] + rng.normal(size=(frames, DIMENSION)) * np.sqrt(gmm.variances[chosen])
    return matrix.astype(np.float32), columns


def distorted(matrix: np.ndarray, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed + 50)
    mixing = np.eye(DIMENSION) + 0.3 * rng.normal(size=(DIMENSION, DIMENSION))
    return (matrix @ mixing.T + rng.normal(size=DIMENSION)).astype(np.float32)


def statistics_of(gmm: DiagGmm, matrix: np.ndarray, columns: np.ndarray, weights: np.ndarray) -> FmllrStatistics:
    return FmllrStatistics.collect(matrix, *frame_terms(gmm, gmm, matrix, columns), weights)


def expected_likelihood(
    gmm: DiagGmm, matrix: np.ndarray, columns: np.ndarray, weights: np.ndarray, transform: torch.Tensor
) -> torch.Tensor:
    """By torch: expected log likelihood of `transform @ [x, 1]`, stretch of space included, posteriors fixed at x."""
    frames = torch.from_numpy(matrix).double()
    normal = torch.distributions.Normal(torch.from_numpy(gmm.means.copy()), torch.from_numpy(np.sqrt(gmm.variances)))
    scores = normal.log_prob(frames[:, None]).sum(dim=2) + torch.from_numpy(np.log(gmm.weights))
    mine = torch.from_numpy(gmm.column_of[None] == columns[:, None])
    posteriors = scores.masked_fill(~mine, -torch.inf).softmax(dim=1)
    moved = frames @ transform[:, :-1].T + transform[:, -1]
    likelihoods = (posteriors * normal.log_prob(moved[:, None]).sum(dim=2)).sum(dim=1)
    return (torch.from_numpy(weights) * (likelihoods + torch.linalg.slogdet(transform[:, :-1])[1])).sum()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_a_brute_force_optimiser_finds_no_better_transform(kind: str, seed: int) -> None:
    gmm = mixtures(seed)
    matrix, columns = spoken(gmm, 120, seed)
    matrix = distorted(matrix, seed)
    weights = np.random.default_rng(seed).uniform(0.1, 1.0, size=len(matrix))
    start = np.eye(DIMENSION, DIMENSION + 1)
    found, history = estimate_matrix(statistics_of(gmm, matrix, columns, weights), start, kind)
    assert (np.diff(history) > -1e-6).all()

    free = {"identity": np.zeros_like(start), "full": np.ones_like(start), "offset": np.eye(1, 4, 3).repeat(3, axis=0)}
    free["diagonal"] = np.maximum(free["offset"], start)
    mask = torch.from_numpy(free[kind])
    moved = torch.zeros(start.shape, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([moved], max_iter=500, line_search_fn="strong_wolfe", tolerance_grad=1e-9)

    def minus() -> torch.Tensor:
        optimiser.zero_grad()
        loss = -expected_likelihood(gmm, matrix, columns, weights, torch.from_numpy(start) + mask * moved)
        loss.backward()
        return loss

    if kind != "identity":
        optimiser.step(minus)
    best = torch.from_numpy(start) + mask * moved.detach()
    reached = expected_likelihood(gmm, matrix, columns, weights, torch.from_numpy(found))
    assert float(reached) == pytest.approx(-minus().item(), abs=2e-3 * len(matrix))
    np.testing.assert_allclose(found, best.numpy(), atol=0.05)


def test_the_auxiliary_function_is_the_expected_likelihood_but_for_a_constant() -> None:
    gmm = mixtures()
    matrix, columns = spoken(gmm, 50)
    weights = np.random.default_rng(1).uniform(size=50)
    statistics = statistics_of(gmm, matrix, columns, weights)
    rng = np.random.default_rng(2)
    transforms = [np.eye(DIMENSION, DIMENSION + 1) + 0.2 * rng.normal(size=(3, 4)) for _ in range(4)]
    gaps = [
        statistics.auxiliary(transform)
        - float(expected_likelihood(gmm, matrix, columns, weights, torch.from_numpy(transform)))
        for transform in transforms
    ]
    np.testing.assert_allclose(gaps, gaps[0], rtol=1e-4)


def test_freer_kinds_fit_better_and_an_undone_distortion_fits_as_the_original() -> None:
    gmm = mixtures()
    matrix, columns = spoken(gmm, 2000)
    moved = distorted(matrix)
    weights = np.ones(len(matrix))
    statistics = statistics_of(gmm, moved, columns, weights)
    start = np.eye(DIMENSION, DIMENSION + 1)
    reached = [estimate_matrix(statistics, start, kind)[1][-1] for kind in KINDS]
    assert (np.diff(reached) > 1.0).all()
    # Posteriors come from distorted features first; a few estimations find the way back.
    speech = AlignedSpeech([moved], [columns], ["ann"], np.ones(4))
    identity = SpeakerTransforms.identities(["ann"], DIMENSION)
    transforms = estimate_transforms(speech, gmm, identity, AdaptationConfig(estimations=8))
    assert np.abs(transforms.apply(moved, "ann") - matrix).mean() < 0.15


def test_features_that_fit_stay_as_they_are() -> None:
    gmm = mixtures()
    matrix, columns = spoken(gmm, 20000)
    statistics = statistics_of(gmm, matrix, columns, np.ones(len(matrix)))
    for kind in KINDS:
        found, _ = estimate_matrix(statistics, np.eye(DIMENSION, DIMENSION + 1), kind)
        np.testing.assert_allclose(found, np.eye(DIMENSION, DIMENSION + 1), atol=0.05)


def test_the_amount_of_speech_chooses_the_kind_and_speakers_are_apart() -> None:
    gmm = mixtures()
    matrix, columns = spoken(gmm, 130)
    sizes = {"ann": 60, "ben": 40, "cat": 20, "dan": 10}
    ends = np.cumsum(list(sizes.values()))[:-1]
    config = AdaptationConfig(full_frames=60, diagonal_frames=40, offset_frames=20)
    speech = AlignedSpeech(np.split(matrix, ends), np.split(columns, ends), list(sizes), np.ones(4))
    identity = SpeakerTransforms.identities(sorted(sizes), DIMENSION)
    together = estimate_transforms(speech, gmm, identity, config)
    assert together.kinds == ("full", "diagonal", "offset", "identity")
    assert together.frames.tolist() == [60, 40, 20, 10]
    alone = AlignedSpeech([matrix[:60]], [columns[:60]], ["ann"], np.ones(4))
    own = estimate_transforms(alone, gmm, SpeakerTransforms.identities(["ann"], DIMENSION), config)
    np.testing.assert_allclose(own.matrices[0], together.matrices[0], atol=1e-5)
    # More estimations fit better.
    more = estimate_transforms(
        alone, gmm, SpeakerTransforms.identities(["ann"], DIMENSION), AdaptationConfig(60, 40, 20, estimations=5)
    )
    totals = [
        gmm.log_likelihoods(t.apply(matrix[:60], "ann"))[np.arange(60), columns[:60]].sum() + 60 * t.log_determinants[0]
        for t in (own, more)
    ]
    assert totals[1] > totals[0]


def test_silence_that_counts_nothing_changes_nothing() -> None:
    gmm = mixtures()
    matrix, columns = spoken(gmm, 200)
    noise = np.where((columns == 0)[:, None], matrix + 100.0, matrix).astype(np.float32)
    weights = np.array([0.0, 1.0, 1.0, 1.0])
    identity = SpeakerTransforms.identities(["ann"], DIMENSION)
    config = AdaptationConfig(full_frames=50, diagonal_frames=50)
    found = [
        estimate_transforms(AlignedSpeech([m], [columns], ["ann"], weights), gmm, identity, config)
        for m in (matrix, noise)
    ]
    np.testing.assert_array_equal(found[0].matrices, found[1].matrices)
    assert found[0].frames[0] == (columns > 0).sum()


def test_terms_are_expectations_under_the_judge() -> None:
    gmm, judge = mixtures(0), mixtures(1)
    matrix, columns = spoken(judge, 20)
    precisions, targets = frame_terms(judge, gmm, matrix, columns)
    for t, column in enumerate(columns):
        own = slice(gmm.offsets[column], gmm.offsets[column + 1])
        density = judge.weights[own] * np.exp(
            -0.5 * (np.log(judge.variances[own]) + (matrix[t] - judge.means[own]) ** 2 / judge.variances[own]).sum(1)
        )
        posterior = density / density.sum()
        np.testing.assert_allclose(precisions[t], posterior @ (1 / gmm.variances[own]), rtol=1e-4)
        np.testing.assert_allclose(targets[t], posterior @ (gmm.means[own] / gmm.variances[own]), rtol=1e-3, atol=1e-5)


def test_utterances_without_a_speaker_are_speakers_of_their_own() -> None:
    assert speaker_names(["u1", "u2"], ["ann", ""]) == ("ann", "u2")
    assert speaker_names(["u1", "u2"]) == ("u1", "u2")


def test_transforms_are_kept_in_a_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    matrices = rng.normal(size=(2, 3, 4)).astype(np.float32)
    SpeakerTransforms(("ann", "ben"), matrices, ("full", "diagonal"), np.array([60.5, 40.0])).save(tmp_path / "t")
    loaded = SpeakerTransforms.load(tmp_path / "t")
    np.testing.assert_array_equal(loaded.matrices, matrices)
    assert (loaded.speakers, loaded.kinds, loaded.frames.tolist()) == (("ann", "ben"), ("full", "diagonal"), [60.5, 40])
    (tmp_path / "t").write_bytes(b"else")
    for name in ("t", "missing"):
        with pytest.raises(FileFormatError, match="not a file of transforms"):
            SpeakerTransforms.load(tmp_path / name)


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(ConfigError, match="offset_frames <= diagonal_frames"):
        AdaptationConfig(full_frames=10)
    with pytest.raises(ConfigError, match="silence_weight 2"):
        AdaptationConfig(silence_weight=2)
    with pytest.raises(ConfigError, match="recognitions 0"):
        AdaptationConfig(recognitions=0)
    identity = SpeakerTransforms.identities(["ann"], 2)
    with pytest.raises(ModelError, match="no transform of speaker 'ben'"):
        identity.apply(np.zeros((3, 2), dtype=np.float32), "ben")
    with pytest.raises(ModelError, match="'ann' is singular"):
        SpeakerTransforms(("ann",), np.zeros((1, 2, 3), dtype=np.float32), ("full",), np.ones(1))
    with pytest.raises(ModelError, match="for different speakers"):
        SpeakerTransforms.identities(["ann", "ann"], 2)
