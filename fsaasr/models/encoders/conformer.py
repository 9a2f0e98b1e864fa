"""The Conformer: attention with relative positions, and convolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Tuple

from torch import Tensor, nn

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.models.encoders.attention import RelativeAttention
from fsaasr.models.encoders.encoder import Encoder
from fsaasr.models.encoders.frames import FrameConv, frame_mask
from fsaasr.models.encoders.shape_checks import check_common, check_heads
from fsaasr.models.encoders.subsampling import Subsampling, SubsamplingKind
from fsaasr.models.encoders.transformer import FeedForward


@dataclass(frozen=True)
class ConformerConfig:
    """Shape of a `Conformer`.

    Attributes:
      kind: `conformer`.
      hidden: elements of a vector, a multiple of `heads`.
      layers: blocks.
      heads: of attention.
      kernel: frames that a convolution sees, odd.
      expansion: units of the inner layer of feed-forward networks, for each element of a vector.
      subsampling: input frames for each output frame, 1 to 4.
      subsampling_by: kind of `Subsampling`.
      dropout: 0 to below 1.
    """

    kind: Literal["conformer"] = "conformer"
    hidden: int = 144
    layers: int = 6
    heads: int = 4
    kernel: int = 15
    expansion: int = 4
    subsampling: int = 4
    subsampling_by: SubsamplingKind = "conv2d"
    dropout: float = 0.1

    __pydantic_config__ = STRICT

    def __post_init__(self) -> None:
        check_common(self, self.hidden, self.layers, self.subsampling, self.dropout)
        check_heads(self, self.hidden, self.heads, self.expansion)
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise ConfigError(f"ConformerConfig: kernel {self.kernel}; expected an odd number >= 1")


class Conformer(Encoder):
    """Gulati et al. 2020, with layer normalization in place of batch normalization.

    So an utterance is encoded the same alone and in a batch, in training, too. Memory grows as the square of an
    utterance's frames.
    """

    def __init__(self, features: int, config: ConformerConfig) -> None:
        """Makes random weights.

        Args:
          features: F, dimension of the input.
          config: the shape.
        """
        super().__init__()
        self.input_dim = features
        self.output_dim = config.hidden
        self.subsampling = config.subsampling
        self.entrance = Subsampling(features, config.hidden, config.subsampling, config.subsampling_by)
        self.dropout = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList(ConformerBlock(config) for _ in range(config.layers))

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """See `Encoder.forward`."""
        hidden, frames = self.entrance(features, lengths)
        hidden = self.dropout(hidden)
        within = frame_mask(frames, hidden.shape[1])
        for layer in self.layers:
            hidden = layer(hidden, within)
        return hidden, frames


class ConformerBlock(nn.Module):
    """Half a feed-forward network, attention, convolution, the other half, each added to its input."""

    def __init__(self, config: ConformerConfig) -> None:
        super().__init__()
        self.before = FeedForward(config.hidden, config.expansion, config.dropout)
        self.attention_norm = nn.LayerNorm(config.hidden)
        self.attention = RelativeAttention(config.hidden, config.heads, config.dropout)
        self.convolution = ConvolutionModule(config.hidden, config.kernel, config.dropout)
        self.after = FeedForward(config.hidden, config.expansion, config.dropout)
        self.dropout = nn.Dropout(config.dropout)
        self.norm = nn.LayerNorm(config.hidden)

    def forward(self, hidden: Tensor, within: Tensor) -> Tensor:
        """(N, T, D) to the same; `within`, bool (N, T), is true where there is no padding."""
        hidden = hidden + 0.5 * self.before(hidden)
        hidden = hidden + self.dropout(self.attention(self.attention_norm(hidden), within[:, None]))
        hidden = hidden + self.convolution(hidden, within)
        hidden = hidden + 0.5 * self.after(hidden)
        output: Tensor = self.norm(hidden)
        return output


class ConvolutionModule(nn.Module):
    """A gated linear layer, a convolution of each element over time, and a linear layer."""

    def __init__(self, hidden: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.reach = kernel // 2
        self.norm = nn.LayerNorm(hidden)
        self.inputs = nn.Linear(hidden, 2 * hidden)
        self.depthwise = FrameConv(hidden, hidden, kernel, groups=hidden)
        self.depthwise_norm = nn.LayerNorm(hidden)
        self.output = nn.Linear(hidden, hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, within: Tensor) -> Tensor:
        """(N, T, D) to the same; beyond the ends of an utterance are zeros."""
        gated = nn.functional.glu(self.inputs(self.norm(hidden)), dim=2).masked_fill(~within[:, :, None], 0.0)
        padded = nn.functional.pad(gated, (0, 0, self.reach, self.reach))
        changed = nn.functional.silu(self.depthwise_norm(self.depthwise(padded)))
        output: Tensor = self.dropout(self.output(changed))
        return output
