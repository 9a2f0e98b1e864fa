"""Fewer frames at the entrance of an encoder: stacked, convolved with a stride, or pooled."""

from __future__ import annotations

from typing import Callable, Dict, Literal, Tuple

import torch
from torch import Tensor, nn

from fsaasr.models.encoders.frames import FrameConv, FrameWindow, VectorNorm, WindowState

SubsamplingKind = Literal["stack", "conv", "conv2d", "max"]

CHANNELS = 32
"""Channels of two-dimensional convolutions."""


class Subsampling(nn.Module):
    """Every `rate` frames to one vector; an utterance goes on beyond its ends as the frames there stand still.

    - `stack`: neighbouring frames side by side, and a linear layer.
    - `conv`: convolution over time with a stride.
    - `conv2d`: two convolutions over time and feature bands with strides, as in Gulati et al. 2020.
    - `max`: convolution over time without a stride, and the greatest values of `rate` frames.
    """

    def __init__(self, features: int, outputs: int, rate: int, kind: SubsamplingKind) -> None:
        """Makes random weights.

        Args:
          features: F. outputs: D.
          rate: 1 to 4.
          kind: as above.
        """
        super().__init__()
        self.layers = _KINDS[kind](features, outputs, rate)
        self.norm = VectorNorm(outputs)
        self.window = FrameWindow((self.layers.width - rate + 1) // 2, self.layers.width, rate)

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """(N, T, F) and lengths (N,) to (N, T', D) and lengths, divided by the rate and rounded up."""
        frames = torch.div(lengths + self.window.rate - 1, self.window.rate, rounding_mode="floor")
        return self._vectors(self.window.held(features, lengths)), frames

    def advance(self, features: Tensor, state: WindowState, final: bool) -> Tuple[Tensor, WindowState]:
        """As `StreamingEncoder.advance`."""
        frames, state = self.window.advance(features, state, final)
        if not frames.shape[1]:
            return frames.new_zeros(len(frames), 0, self.norm.normalized_shape[0]), state
        return self._vectors(frames), state

    def _vectors(self, frames: Tensor) -> Tensor:
        vectors: Tensor = self.norm(self.layers(frames))
        return vectors


class _Layers(nn.Module):
    """Frames (N, L, F) to (N, L', D); `width` frames make the first vector, `rate` more the next."""

    width: int


class _Stack(_Layers):
    def __init__(self, features: int, outputs: int, rate: int) -> None:
        super().__init__()
        self.width = rate
        self.linear = nn.Linear(features * rate, outputs)

    def forward(self, frames: Tensor) -> Tensor:
        stacked: Tensor = self.linear(frames.reshape(len(frames), frames.shape[1] // self.width, -1))
        return stacked


class _Conv(_Layers):
    def __init__(self, features: int, outputs: int, rate: int) -> None:
        super().__init__()
        # Its own frames and one step's worth on either side.
        self.width = 3 * rate
        self.conv = FrameConv(features, outputs, self.width, stride=rate)

    def forward(self, frames: Tensor) -> Tensor:
        return torch.relu(self.conv(frames))


class _Conv2d(_Layers):
    def __init__(self, features: int, outputs: int, rate: int) -> None:
        super().__init__()
        first, second = {1: (1, 1), 2: (2, 1), 3: (3, 1), 4: (2, 2)}[rate]
        kernel = max(3, first)
        self.width = kernel + 2 * first
        self.first = nn.Conv2d(1, CHANNELS, (kernel, 3), stride=(first, 2), padding=(0, 1))
        self.second = nn.Conv2d(CHANNELS, CHANNELS, 3, stride=(second, 2), padding=(0, 1))
        bands = (features + 3) // 4
        self.linear = nn.Linear(CHANNELS * bands, outputs)

    def forward(self, frames: Tensor) -> Tensor:
        maps = frames.unsqueeze(1).contiguous(memory_format=torch.channels_last)
        maps = torch.relu(self.second(torch.relu(self.first(maps))))
        output: Tensor = self.linear(maps.permute(0, 2, 3, 1).flatten(2))
        return output


class _MaxPool(_Layers):
    def __init__(self, features: int, outputs: int, rate: int) -> None:
        super().__init__()
        self.rate = rate
        self.width = rate + 4
        self.conv = FrameConv(features, outputs, 5)

    def forward(self, frames: Tensor) -> Tensor:
        hidden = torch.relu(self.conv(frames))
        pooled: Tensor = hidden.reshape(len(hidden), -1, self.rate, hidden.shape[2]).amax(dim=2)
        return pooled


_KINDS: Dict[str, Callable[[int, int, int], _Layers]] = {
    "stack": _Stack,
    "conv": _Conv,
    "conv2d": _Conv2d,
    "max": _MaxPool,
}
