"""Networks that hear samples: rows of a frame shift's samples in, a vector a row out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, Literal, Mapping, Tuple, Union

import numpy as np
import torch
from pydantic import Discriminator, Tag
from torch import Tensor, nn
from torch.nn.functional import conv1d, gelu
from typing_extensions import Annotated

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.core.scores import Seconds
from fsaasr.models.encoders.frames import VectorNorm
from fsaasr.models.encoders.mel import FloatArray, gabor_filters, mel_edges, povey_window, triangle_filters

FULL_SCALE = 32768.0
"""Samples of -1 .. 1 are heard in 16-bit range, as Kaldi's features are."""


@dataclass(frozen=True)
class FilterbankConfig:
    """Shape of a `TimeFilterbank`.

    Attributes:
      kind: `filterbank`.
      filters: complex filters, and elements of a vector.
      initial: what they begin as: `gabor` filters, or impulse responses of the `mel` triangles.
      frame_shift: seconds a row. frame_length: seconds of a filter, and of the window that smooths its energy.
      low_freq, high_freq: ends of the first and last filter, Hz, as `FeatureConfig` has them.
      stride: samples from one value of a filter's energy to the next; must divide frame shift and length. Energies
        change no faster than filters are wide, so that 8 loses little at 16 kHz, and takes an eighth of the time of 1.
      preemphasis: share of the sample before that is taken off each, 0 to below 1, at first.
    """

    kind: Literal["filterbank"] = "filterbank"
    filters: int = 80
    initial: Literal["gabor", "mel"] = "gabor"
    frame_shift: Seconds = 0.01
    frame_length: Seconds = 0.025
    low_freq: float = 20.0
    high_freq: float = -400.0
    stride: int = 8
    preemphasis: float = 0.97

    __pydantic_config__ = STRICT

    def __post_init__(self) -> None:
        if self.filters < 1 or self.stride < 1 or not 0 <= self.preemphasis < 1:
            raise ConfigError(
                f"FilterbankConfig: filters {self.filters}, stride {self.stride}, preemphasis {self.preemphasis}; "
                "expected >= 1, >= 1, 0 to below 1"
            )
        if not 0 < self.frame_shift <= self.frame_length:
            raise ConfigError(
                f"FilterbankConfig: frame_shift {self.frame_shift}, frame_length {self.frame_length}; "
                "expected 0 < shift <= length"
            )


@dataclass(frozen=True)
class SampleConvolutionsConfig:
    """Shape of `SampleConvolutions`.

    Attributes:
      kind: `convolutions`.
      strides: of the layers; their product is the number of samples a row, 160 for 10 ms at 16 kHz.
      channels: of every layer, and elements of a vector.
    """

    kind: Literal["convolutions"] = "convolutions"
    strides: Tuple[int, ...] = (5, 4, 4, 2)
    channels: int = 96

    __pydantic_config__ = STRICT

    def __post_init__(self) -> None:
        if not self.strides or min(self.strides) < 1 or self.channels < 1:
            raise ConfigError(
                f"SampleConvolutionsConfig: strides {self.strides}, channels {self.channels}; expected one or more, "
                "each >= 1, and >= 1"
            )


def _kind_of(config: Any) -> str:
    return str(config.get("kind", "filterbank") if isinstance(config, Mapping) else config.kind)


FrontEndConfig = Annotated[
    Union[Annotated[FilterbankConfig, Tag("filterbank")], Annotated[SampleConvolutionsConfig, Tag("convolutions")]],
    Discriminator(_kind_of),
]
"""Shape of any front end; in YAML, `kind` says of which, and `filterbank` may be left out."""


class FrontEnd(nn.Module):
    """Rows of samples (N, T, S), zeros beyond each utterance's end, to vectors (N, T, D).

    Attributes:
      output_dim: D.
    """

    output_dim: int


class TimeFilterbank(FrontEnd):
    """Log energies of learned filters, after Zeghidour et al. 2018.

    The signal, pre-emphasized, is filtered by complex filters; their squared magnitudes, smoothed by the square of
    Kaldi's window, are the energies. As it begins it gives Kaldi's log mel energies but for what filters of limited
    length blur. Filters and pre-emphasis are learned, the window stays.
    """

    window: Tensor

    def __init__(self, samples: int, config: FilterbankConfig) -> None:
        """Makes the filters.

        Args:
          samples: S, samples a row.
          config: the shape.

        Raises:
          ConfigError: a stride that does not divide shift and length, or filters beyond half the sampling rate.
        """
        super().__init__()
        self.output_dim = config.filters
        self.samples, self.stride = samples, config.stride
        rate = round(samples / config.frame_shift)
        taps = int(config.frame_length * rate + 1e-6)
        if samples % config.stride or taps % config.stride:
            raise ConfigError(
                f"FilterbankConfig: a stride of {config.stride} samples does not divide a shift of {samples} and a "
                f"length of {taps}; choose one that does"
            )
        edges = mel_edges(config.filters, rate, config.low_freq, config.high_freq)
        filters = _INITIAL[config.initial](edges, rate, taps)
        self.preemphasis = nn.Parameter(torch.tensor([[[-config.preemphasis, 1.0]]]))
        self.filters = nn.Parameter(torch.from_numpy(filters.reshape(-1, 1, taps)).float())
        # Every stride-th square of the window, and for those between; and as Kaldi's power spectrum has it, the
        # energy times the points of its transform.
        window = np.square(povey_window(taps)).reshape(-1, config.stride).mean(axis=1)
        scale = config.stride * 2 ** int(np.ceil(np.log2(taps)))
        self.register_buffer("window", torch.from_numpy(window * scale).float()[None, None])

    def forward(self, rows: Tensor) -> Tensor:
        """See `FrontEnd`."""
        count, frames, samples = rows.shape
        taps, steps = self.filters.shape[2], self.window.shape[2]
        # The first energy is that of the middle of the first `stride` samples of the first frame's window.
        first = (samples - taps) // 2 + self.stride // 2
        values = (frames - 1) * samples // self.stride + steps
        before = taps // 2 - first + 1
        after = (values - 1) * self.stride + taps + 1 - before - frames * samples
        signal = nn.functional.pad(rows.reshape(count, 1, -1) * FULL_SCALE, (before, after))
        filtered = conv1d(conv1d(signal, self.preemphasis), self.filters, stride=self.stride)
        power = filtered.reshape(count, 2, self.output_dim, -1).square().sum(dim=1)
        smooth = conv1d(power.reshape(-1, 1, power.shape[2]), self.window, stride=samples // self.stride)
        energies: Tensor = smooth.reshape(count, self.output_dim, frames).transpose(1, 2).log1p()
        return energies


class SampleConvolutions(FrontEnd):
    """Convolutions with strides, normalized, of samples; each sees two strides. After Schneider et al. 2019."""

    def __init__(self, samples: int, config: SampleConvolutionsConfig) -> None:
        """Makes random weights.

        Args:
          samples: S, samples a row.
          config: the shape.

        Raises:
          ConfigError: strides whose product is not S.
        """
        super().__init__()
        if int(np.prod(config.strides)) != samples:
            raise ConfigError(
                f"SampleConvolutionsConfig: strides {config.strides} make {int(np.prod(config.strides))}, a row has "
                f"{samples} samples; choose strides whose product that is"
            )
        self.output_dim = config.channels
        channels = (1, *[config.channels] * len(config.strides))
        self.layers = nn.ModuleList(
            nn.Conv1d(inputs, config.channels, 2 * stride, stride=stride)
            for inputs, stride in zip(channels, config.strides)
        )
        self.norms = nn.ModuleList(VectorNorm(config.channels) for _ in config.strides)
        # Samples that one vector sees.
        self.reach = 1
        for stride in reversed(config.strides):
            self.reach = (self.reach - 1) * stride + 2 * stride

    def forward(self, rows: Tensor) -> Tensor:
        """See `FrontEnd`."""
        count, _, samples = rows.shape
        before = (self.reach - samples) // 2
        signal: Tensor = nn.functional.pad(rows.reshape(count, 1, -1), (before, self.reach - samples - before))
        for layer, norm in zip(self.layers, self.norms):
            signal = gelu(norm(layer(signal).transpose(1, 2))).transpose(1, 2)
        vectors: Tensor = signal.transpose(1, 2)
        return vectors


_INITIAL: Dict[str, Callable[..., FloatArray]] = {"gabor": gabor_filters, "mel": triangle_filters}


def build_front_end(samples: int, config: FrontEndConfig) -> FrontEnd:
    """Makes a front end for rows of S samples; raises ConfigError where it does not fit them."""
    return (
        TimeFilterbank(samples, config) if isinstance(config, FilterbankConfig) else SampleConvolutions(samples, config)
    )
