"""What encoders share in handling frames: ends that stand still, masks, convolution over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import torch
from torch import Tensor, nn
from torch.amp.autocast_mode import autocast


def held_ends(features: Tensor, lengths: Tensor, before: int, frames: int) -> Tensor:
    """Utterances that go on beyond both ends as their first and last frames stand still.

    Args:
      features: (N, T, F), padded with anything.
      lengths: int64 (N,).
      before: frames to put before the first one.
      frames: L, frames of the result.

    Returns:
      (N, L, F); frame `before + t` is frame t.
    """
    wanted = torch.arange(-before, frames - before, device=features.device)
    inside = torch.minimum(wanted.clamp(min=0)[None, :], lengths[:, None] - 1)
    held: Tensor = features[torch.arange(len(features), device=features.device)[:, None], inside]
    return held


def frame_mask(lengths: Tensor, frames: int) -> Tensor:
    """bool (N, frames): true within each utterance."""
    mask: Tensor = torch.arange(frames, device=lengths.device)[None, :] < lengths[:, None]
    return mask


@dataclass(frozen=True)
class WindowState:
    """Where a stream of frames stands.

    Attributes:
      buffer: (N, L, F), frames that windows to come look at.
      heard: frames of each utterance so far.
      given: windows of each utterance so far.
    """

    buffer: Tensor
    heard: int = 0
    given: int = 0


@dataclass(frozen=True)
class FrameWindow:
    """Which frames each vector is made from: `width` of them, `rate` further on for the next one.

    An utterance goes on beyond its ends as the frames there stand still.

    Attributes:
      before: frames that the first window begins before the first frame.
      width: frames of a window, at least `before + rate`.
      rate: frames from a window to the next.
    """

    before: int
    width: int
    rate: int

    @property
    def look_ahead(self) -> int:
        """Frames that a window sees beyond the `rate` frames that it stands for."""
        return self.width - self.before - self.rate

    def held(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Frames (N, L, F) of all windows, one for every `rate` frames begun, of utterances (N, T, F)."""
        windows = -(-int(lengths.max()) // self.rate)
        return held_ends(features, lengths, self.before, (windows - 1) * self.rate + self.width)

    def start(self, like: Tensor) -> WindowState:
        """The state before the first frame; `like` is of the type and device of frames (N, T, F)."""
        return WindowState(like[:, :0])

    def advance(self, features: Tensor, state: WindowState, final: bool) -> Tuple[Tensor, WindowState]:
        """Hears frames.

        Args:
          features: (N, T, F), the next frames of each utterance.
          state: what was heard before.
          final: the utterances end here.

        Returns:
          The frames of all windows that are complete by now, (N, L, F), L = 0 where there are none; and the state.
        """
        heard = state.heard + features.shape[1]
        if features.shape[1] and not state.heard:
            features = torch.cat([features[:, :1].expand(-1, self.before, -1), features], dim=1)
        buffer = torch.cat([state.buffer, features], dim=1)
        windows = max(0, (buffer.shape[1] - self.width) // self.rate + 1)
        if final and heard:
            windows = -(-heard // self.rate) - state.given
            missing = max(0, (windows - 1) * self.rate + self.width - buffer.shape[1])
            buffer = torch.cat([buffer, buffer[:, -1:].expand(-1, missing, -1)], dim=1)
        ready = buffer[:, : (windows - 1) * self.rate + self.width] if windows else buffer[:, :0]
        return ready, WindowState(buffer[:, windows * self.rate :], heard, state.given + windows)


class VectorNorm(nn.LayerNorm):
    """Normalization of each vector, in float32 whatever multiplies in less."""

    def forward(self, vectors: Tensor) -> Tensor:
        """(..., D) to the same."""
        normalized: Tensor = super().forward(vectors.float())
        return normalized


class FrameConv(nn.Conv2d):
    """Convolution over time of (N, T, F), without padding.

    As a 2-D convolution in the channels-last layout, which is (N, T, F) in memory: no copies, and the
    fastest form on CPUs (measured three times the speed of a matrix product of spliced frames in torch 1.13).
    """

    def __init__(
        self, inputs: int, outputs: int, width: int, stride: int = 1, dilation: int = 1, groups: int = 1
    ) -> None:
        super().__init__(inputs, outputs, (1, width), stride=(1, stride), dilation=(1, dilation), groups=groups)
        self.weight.data = self.weight.data.contiguous(memory_format=torch.channels_last)

    def forward(self, frames: Tensor) -> Tensor:
        """(N, T, inputs) to (N, T', outputs)."""
        channels_last = frames.unsqueeze(1).permute(0, 3, 1, 2)
        if self.groups > 1 and frames.device.type == "cpu":
            # In bfloat16 torch 2.13 takes minutes on CPUs for what float32 does at once.
            with autocast("cpu", enabled=False):
                convolved = super().forward(channels_last.float())
        else:
            convolved = super().forward(channels_last)
        output: Tensor = convolved.permute(0, 2, 3, 1).squeeze(1)
        return output
