"""A time-delay network: spliced frames, a strided first layer, dilated residual layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Tuple

import torch
from torch import Tensor, nn

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.models.encoders.frames import FrameConv, FrameWindow, VectorNorm, WindowState
from fsaasr.models.encoders.streaming import StreamingEncoder


@dataclass(frozen=True)
class TdnnConfig:
    """Shape of a `Tdnn`.

    Attributes:
      kind: `tdnn`.
      hidden: units of every layer.
      dilations: one for each residual layer after the first one, in subsampled frames; layer i splices frames t - d, t,
        t + d with d = `dilations[i]`.
      early_dilations: the same for residual layers at the rate of the input, before the subsampling; slow.
      subsampling: input frames for each output frame, 1 to 4.
      dropout: 0 to below 1.
    """

    kind: Literal["tdnn"] = "tdnn"
    hidden: int = 160
    dilations: Tuple[int, ...] = (1, 1, 2, 2, 4)
    early_dilations: Tuple[int, ...] = ()
    subsampling: int = 3
    dropout: float = 0.1

    __pydantic_config__ = STRICT

    def __post_init__(self) -> None:
        if self.hidden < 1 or not 1 <= self.subsampling <= 4 or not 0 <= self.dropout < 1:
            raise ConfigError(
                f"TdnnConfig: hidden {self.hidden}, subsampling {self.subsampling}, dropout {self.dropout}; "
                "expected hidden >= 1, subsampling 1 to 4, dropout 0 to below 1"
            )
        if not self.dilations or min(self.dilations + self.early_dilations) < 1:
            raise ConfigError(
                f"TdnnConfig: dilations {self.dilations}, early_dilations {self.early_dilations}; expected one or more "
                "and none or more, each >= 1"
            )


class Tdnn(StreamingEncoder):
    """Maps features to vectors, one for each `subsampling` frames.

    An utterance goes on beyond both ends as its first and last frame stand still, so that padding changes
    nothing and the network cannot see where an utterance begins or ends. (With zeros it learns, in a corpus
    whose utterances all begin with the same word, to say that word at the edge.)
    Waibel et al. 1989; dilations as in Peddinti et al. 2015, residual and normalized layers as is usual today.
    """

    def __init__(self, features: int, config: TdnnConfig) -> None:
        """Makes random weights.

        Args:
          features: F, dimension of the input.
          config: the shape.
        """
        super().__init__()
        self.subsampling = config.subsampling
        self.input_dim = features
        self.output_dim = config.hidden
        self.early = bool(config.early_dilations)
        # The strided layer sees its own frames and one step's worth on either side.
        margin = (sum(config.dilations) + 1) * config.subsampling + sum(config.early_dilations) + self.early
        self.window = FrameWindow(margin, config.subsampling + 2 * margin, config.subsampling)
        entrance = features
        if self.early:
            entrance = config.hidden
            self.early_first = FrameConv(features, entrance, 3)
            self.early_norm = VectorNorm(entrance)
            self.early_layers = nn.ModuleList(TdnnLayer(entrance, d, config.dropout) for d in config.early_dilations)
        self.first = FrameConv(entrance, config.hidden, 3 * config.subsampling, stride=config.subsampling)
        self.first_norm = VectorNorm(config.hidden)
        self.layers = nn.ModuleList(TdnnLayer(config.hidden, dilation, config.dropout) for dilation in config.dilations)

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """See `Encoder.forward`."""
        return self._vectors(self.window.held(features, lengths)), self.output_lengths(lengths)

    @property
    def look_ahead(self) -> int:
        """See `StreamingEncoder.look_ahead`."""
        return self.window.look_ahead

    def start(self, like: Tensor) -> WindowState:
        """See `StreamingEncoder.start`."""
        return self.window.start(like)

    def advance(self, features: Tensor, state: WindowState, final: bool = False) -> Tuple[Tensor, WindowState]:
        """See `StreamingEncoder.advance`; what lies within reach of a chunk is computed again with it."""
        frames, state = self.window.advance(features, state, final)
        if not frames.shape[1]:
            return frames.new_zeros(len(frames), 0, self.output_dim), state
        return self._vectors(frames), state

    def _vectors(self, hidden: Tensor) -> Tensor:
        if self.early:
            hidden = self.early_norm(torch.relu(self.early_first(hidden)))
            for layer in self.early_layers:
                hidden = layer(hidden)
        hidden = self.first_norm(torch.relu(self.first(hidden)))
        for layer in self.layers:
            hidden = layer(hidden)
        return hidden


class TdnnLayer(nn.Module):
    """One residual layer over frames t - d, t, t + d; d frames shorter at both ends than its input."""

    def __init__(self, hidden: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilation = dilation
        self.conv = FrameConv(hidden, hidden, 3, dilation=dilation)
        self.norm = VectorNorm(hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor) -> Tensor:
        """(N, T + 2 d, D) to (N, T, D)."""
        change = torch.relu(self.conv(hidden))
        output: Tensor = self.norm(hidden[:, self.dilation : -self.dilation] + self.dropout(change))
        return output
