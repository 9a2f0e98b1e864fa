"""Front ends that hear samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fsaasr.core.errors import ConfigError
from fsaasr.features import FeatureConfig, features_of
from fsaasr.models.encoders.front_ends import (
    FilterbankConfig,
    SampleConvolutionsConfig,
    TimeFilterbank,
    build_front_end,
)
from fsaasr.models.encoders.mel import gabor_filters, mel_edges, triangle_filters


def voice(rate: int) -> np.ndarray:
    """Two seconds of a buzz of moving pitch, whose harmonics come and go, in noise."""
    times = np.arange(2 * rate) / rate
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(3 * np.pi * times)) / rate
    harmonics = np.arange(1, rate // 320)[:, None]
    swells = 1 + 0.5 * np.sin(2 * np.pi * (0.7 + 0.3 * harmonics) * times)
    buzz = (np.sin(harmonics * phase) / harmonics * swells).sum(axis=0) * (0.05 + 0.05 * np.sin(6 * np.pi * times))
    return (buzz + noise(rate) * 0.06).astype(np.float32)


def noise(rate: int) -> np.ndarray:
    return (0.05 * np.random.default_rng(1).normal(size=2 * rate)).astype(np.float32)


# What is left: mean and 95 % quantile of the distance to Kaldi's log energies (natural), and their correlation. Filters
# are as long as Kaldi's frames, so the narrower they are the more is blurred: those of 80 at the bottom most.
@pytest.mark.parametrize("initial", ["gabor", "mel"])
@pytest.mark.parametrize(
    ("signal", "rate", "filters", "mean", "most", "correlation"),
    [
        (noise, 16000, 40, 0.12, 0.45, 0.997),
        (noise, 8000, 23, 0.11, 0.40, 0.997),
        (noise, 16000, 80, 0.29, 1.20, 0.985),
        (voice, 16000, 40, 0.20, 0.80, 0.975),
        (voice, 8000, 23, 0.16, 0.60, 0.983),
        (voice, 16000, 80, 0.40, 1.90, 0.950),
    ],
)
def test_an_untrained_filterbank_gives_log_mel_energies(
    initial: str, signal: object, rate: int, filters: int, mean: float, most: float, correlation: float
) -> None:
    samples = signal(rate)  # type: ignore[operator]
    expected = features_of(samples, FeatureConfig(kind="fbank", sampling_rate=rate, num_filters=filters))
    rows = features_of(samples, FeatureConfig(kind="waveform", sampling_rate=rate))
    front_end = TimeFilterbank(rate // 100, FilterbankConfig(filters=filters, initial=initial))
    with torch.no_grad():
        found = front_end(torch.from_numpy(rows)[None])[0].numpy()
    assert found.shape == expected.shape
    # Kaldi mirrors the signal at its ends, silence stands there here.
    distance = np.abs(found - expected)[3:-3]
    assert distance.mean() < mean
    assert np.quantile(distance, 0.95) < most
    assert np.corrcoef(found[3:-3].ravel(), expected[3:-3].ravel())[0, 1] > correlation


def test_a_stride_of_eight_loses_little() -> None:
    rows = torch.from_numpy(features_of(voice(16000), FeatureConfig(kind="waveform")))[None]
    with torch.no_grad():
        fine, coarse = (TimeFilterbank(160, FilterbankConfig(stride=stride))(rows) for stride in (1, 8))
    assert (fine - coarse).abs().mean() < 0.01


def test_filters_respond_as_they_should() -> None:
    edges = mel_edges(20, 16000, 20.0, 7600.0)
    for filters, peak in ((gabor_filters(edges, 16000, 400), 0.02), (triangle_filters(edges, 16000, 400), 0.25)):
        response = np.abs(np.fft.fft(filters[0] + 1j * filters[1], 16000, axis=1)) ** 2
        hertz = np.arange(16000)
        # From the eighth on they are wide enough for 400 samples: as high as triangles, in their middle, one-sided.
        for power, (_, centre, _) in list(zip(response, zip(edges, edges[1:], edges[2:])))[8:]:
            assert power.max() == pytest.approx(1.0, abs=peak)
            assert hertz[power.argmax()] == pytest.approx(centre, rel=0.03)
            assert power[8000:].max() < 0.01


def test_configurations_change_what_is_heard() -> None:
    rows = torch.from_numpy(features_of(noise(16000), FeatureConfig(kind="waveform")))[None]
    base = FilterbankConfig(filters=20)
    with torch.no_grad():
        plain = TimeFilterbank(160, base)(rows)
        for change in (
            {"initial": "mel"},
            {"low_freq": 100.0},
            {"high_freq": 4000.0},
            {"preemphasis": 0.0},
            {"stride": 4},
        ):
            assert not torch.equal(TimeFilterbank(160, replace(base, **change))(rows), plain)
        assert TimeFilterbank(160, replace(base, filters=10))(rows).shape[2] == 10


def test_front_ends_that_do_not_fit_the_rows_are_refused() -> None:
    with pytest.raises(ConfigError, match="stride of 7 samples does not divide a shift of 160"):
        build_front_end(160, FilterbankConfig(stride=7))
    with pytest.raises(ConfigError, match="make 160, a row has 80 samples"):
        build_front_end(80, SampleConvolutionsConfig())
    with pytest.raises(ConfigError, match="expected >= 1, 0 <= low < high"):
        build_front_end(160, FilterbankConfig(low_freq=9000.0))
