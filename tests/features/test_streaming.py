"""Features of a stream are those of the whole recording, however its samples come in pieces."""

from __future__ import annotations

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.features import FeatureConfig, FeatureStream, features_of
from fsaasr.features.streaming import Piecewise, look_ahead


def streamed(stream: FeatureStream | Piecewise, rows: np.ndarray, size: int) -> list[np.ndarray]:
    pieces = [stream.advance(rows[start : start + size]) for start in range(0, len(rows), size)]
    return [*pieces, stream.advance(rows[:0], final=True)]


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, samples).astype(np.float32)


@pytest.mark.parametrize("size", [1, 7, 80, 333, 5000])
@pytest.mark.parametrize(("kind", "deltas"), [("mfcc", 0), ("mfcc", 2), ("fbank", 1), ("waveform", 0)])
def test_pieces_change_nothing(kind: str, deltas: int, size: int) -> None:
    config = FeatureConfig(kind=kind, deltas=deltas, sampling_rate=8000)  # type: ignore[arg-type]
    for samples in (400, 1234) if size == 1 else (200, 239, 240, 241, 1234, 4000):
        wave = noise(samples)
        whole = features_of(wave, config)
        found = np.concatenate(streamed(FeatureStream(config), wave, size))
        assert found.shape == whole.shape
        np.testing.assert_allclose(found, whole, atol=2e-4)


@pytest.mark.parametrize("shift", [0.01, 0.0125, 0.025])
def test_frames_of_any_shift_are_those_of_the_whole(shift: float) -> None:
    config = FeatureConfig(kind="fbank", sampling_rate=8000, frame_shift=shift)
    wave = noise(3210)
    found = np.concatenate(streamed(FeatureStream(config), wave, 90))
    np.testing.assert_allclose(found, features_of(wave, config), atol=2e-4)


@pytest.mark.parametrize("rate", [16000, 11025, 44100, 6000])
def test_other_rates_are_brought_to_the_models_while_they_come_in(rate: int) -> None:
    config = FeatureConfig(kind="mfcc", sampling_rate=8000)
    wave = noise(rate // 3 + 17)
    whole = features_of(wave, config, sampling_rate=rate, resample=True)
    for size in (100, 1001, rate):
        found = np.concatenate(streamed(FeatureStream(config, sampling_rate=rate), wave, size))
        assert found.shape == whole.shape
        np.testing.assert_allclose(found, whole, atol=5e-3)


def test_a_frame_comes_as_soon_as_nothing_can_change_it() -> None:
    config = FeatureConfig(kind="mfcc", sampling_rate=8000, deltas=2)
    stream, wave, rows = FeatureStream(config), noise(4000), 0
    for start in range(0, 4000, 80):
        rows += len(stream.advance(wave[start : start + 80]))
        heard = (start + 80) / 8000
        # The frame that follows needs its own shift, and what it looks ahead.
        assert rows * 0.01 <= heard - look_ahead(config) + 1e-9 < (rows + 1) * 0.01 or rows == 0
    assert look_ahead(config) == pytest.approx(0.015 + 0.04)
    assert rows == 44


def test_any_function_with_bounded_reach_is_applied_in_pieces() -> None:
    def sums(rows: np.ndarray) -> np.ndarray:
        """Each pair of rows with two before and one behind, which go on at the ends as they stand there."""
        held = np.concatenate([rows[:1], rows[:1], rows, rows[-1:], rows[-1:]])
        pairs = (len(rows) + 1) // 2
        return np.array([held[2 * n : 2 * n + 5].sum() for n in range(pairs)], dtype=np.float32)

    rows = np.random.default_rng(2).integers(-9, 9, 23).astype(np.float32)
    for size in range(1, 25):
        stream = Piecewise(sums, np.zeros(0, np.float32), before=1, after=1, taken=2)
        assert np.concatenate(streamed(stream, rows, size)).tolist() == sums(rows).tolist()


def test_what_cannot_stream_says_why_and_what_to_do() -> None:
    for cmvn in ("utterance", "speaker"):
        with pytest.raises(ConfigError, match=f"'u1': cmvn '{cmvn}' .* train the model with cmvn: none"):
            FeatureStream(FeatureConfig(cmvn=cmvn), utterance="u1")  # type: ignore[arg-type]
    stream = FeatureStream(FeatureConfig(sampling_rate=8000), utterance="short")
    assert stream.advance(noise(100)).shape == (0, 13)
    with pytest.raises(CorpusError, match="'short' has 100 samples, fewer than the 200 of one frame"):
        stream.advance(noise(0), final=True)
    with pytest.raises(CorpusError, match="one channel"):
        FeatureStream(FeatureConfig()).advance(np.zeros((2, 50)))
    with pytest.raises(CorpusError, match="NaN or infinite"):
        FeatureStream(FeatureConfig(sampling_rate=8000)).advance(np.full(900, np.nan))
