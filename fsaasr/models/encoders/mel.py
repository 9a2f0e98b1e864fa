"""The mel scale, and filters in time with the responses of its triangles."""

from __future__ import annotations

import math
from typing import Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import ConfigError

FloatArray = npt.NDArray[np.float64]


def mel_of(hertz: npt.ArrayLike) -> FloatArray:
    """Mel of frequencies in Hz, as Kaldi and HTK define it."""
    mel: FloatArray = 1127.0 * np.log1p(np.asarray(hertz, dtype=np.float64) / 700.0)
    return mel


def mel_edges(filters: int, rate: int, low: float, high: float) -> FloatArray:
    """Edges of triangles of equal width in mel.

    Args:
      filters: n.
      rate: samples a second.
      low: Hz where the first one starts. high: Hz where the last one ends; 0 or less counts from rate / 2.

    Returns:
      float64 (n + 2,) Hz: triangle i rises from edge i to i + 1 and falls to i + 2.

    Raises:
      ConfigError: ends that are no part of 0 to rate / 2.
    """
    end = high if high > 0 else rate / 2 + high
    if filters < 1 or not 0 <= low < end <= rate / 2:
        raise ConfigError(
            f"mel_edges: {filters} filters from {low} to {end} Hz; expected >= 1, 0 <= low < high <= rate / 2"
        )
    edges: FloatArray = 700.0 * np.expm1(np.linspace(float(mel_of(low)), float(mel_of(end)), filters + 2) / 1127.0)
    return edges


def gabor_filters(edges: FloatArray, rate: int, taps: int) -> FloatArray:
    """Gabor filters whose power responses have the centre, the width at half height and the height of triangles.

    Zeghidour et al. 2018, section 3.1.

    Args:
      edges: of `mel_edges`, n + 2.
      rate: samples a second.
      taps: length of each filter.

    Returns:
      float64 (2, n, taps): real and imaginary parts, centred.
    """
    times = np.arange(taps) - taps // 2
    centres = 2 * math.pi * edges[1:-1] / rate
    mels = mel_of(edges)
    half = (mels[:-2] + mels[1:-1]) / 2, (mels[1:-1] + mels[2:]) / 2
    lower, upper = (700.0 * np.expm1(side / 1127.0) for side in half)
    deviations = 2 * math.sqrt(math.log(2)) / (2 * math.pi * (upper - lower) / rate)
    envelopes = np.exp(-0.5 * (times / deviations[:, None]) ** 2) / (math.sqrt(2 * math.pi) * deviations[:, None])
    return np.stack([envelopes * np.cos(centres[:, None] * times), envelopes * np.sin(centres[:, None] * times)])


def triangle_filters(edges: FloatArray, rate: int, taps: int) -> FloatArray:
    """Filters whose power responses are the triangles themselves, but for being cut off in time; as `gabor_filters`."""
    bins = 8192
    mels, mel_edges_ = mel_of(np.arange(bins // 2 + 1) * rate / bins), mel_of(edges)
    rise = (mels - mel_edges_[:-2, None]) / (mel_edges_[1:-1] - mel_edges_[:-2])[:, None]
    fall = (mel_edges_[2:, None] - mels) / (mel_edges_[2:] - mel_edges_[1:-1])[:, None]
    response = np.zeros((len(edges) - 2, bins))
    response[:, : bins // 2 + 1] = np.sqrt(np.minimum(rise, fall).clip(min=0.0))
    impulse = np.roll(np.fft.ifft(response, axis=1), taps // 2, axis=1)[:, :taps]
    return np.stack([impulse.real, impulse.imag])


def povey_window(samples: int) -> Tuple[float, ...]:
    """Kaldi's window: a Hann window to the power of 0.85."""
    places = np.arange(samples) / (samples - 1)
    return tuple((0.5 - 0.5 * np.cos(2 * math.pi * places)) ** 0.85)
