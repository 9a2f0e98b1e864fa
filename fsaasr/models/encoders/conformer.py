"""The Conformer: attention with relative positions, and convolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Literal, NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError, ModelError
from fsaasr.models.encoders.attention import RelativeAttention
from fsaasr.models.encoders.frames import FrameConv, VectorNorm, WindowState, frame_mask
from fsaasr.models.encoders.shape_checks import check_common, check_heads
from fsaasr.models.encoders.streaming import StreamingEncoder
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
      chunk: output frames that attention sees at once, with those of `left_chunks` chunks before them; convolutions
        then see no frame that follows. So the encoder streams. 0: the whole utterance.
      left_chunks: chunks before its own that a frame sees; of use where there are chunks.
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
    chunk: int = 0
    left_chunks: int = 4
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
        if self.chunk < 0 or self.left_chunks < 0:
            raise ConfigError(f"ConformerConfig: chunk {self.chunk}, left_chunks {self.left_chunks}; expected >= 0")


class BlockState(NamedTuple):
    """What a block remembers: inputs of attention (N, M, D) and of the convolution (N, kernel - 1, D)."""

    attended: Tensor
    convolved: Tensor


class ConformerState(NamedTuple):
    """Frames that the subsampling waits for, vectors (N, L, D) of a chunk begun, and the blocks' memories."""

    window: WindowState
    pending: Tensor
    blocks: Tuple[BlockState, ...]


class Conformer(StreamingEncoder):
    """Gulati et al. 2020, with layer normalization in place of batch normalization.

    So an utterance is encoded the same alone and in a batch, in training, too. Memory grows as the square of an
    utterance's frames, and in streaming not at all.
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
        self.config = config
        self.entrance = Subsampling(features, config.hidden, config.subsampling, config.subsampling_by)
        self.dropout = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList(ConformerBlock(config) for _ in range(config.layers))

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """See `Encoder.forward`."""
        hidden, frames = self.entrance(features, lengths)
        hidden = self.dropout(hidden)
        within = frame_mask(frames, hidden.shape[1])
        visible = within[:, None]
        if self.config.chunk:
            chunks = chunk_mask(hidden.shape[1], self.config.chunk, self.config.left_chunks, hidden.device)
            # Padding whose chunks are all padding sees itself, as a softmax needs something to see.
            visible = (visible & chunks) | torch.eye(hidden.shape[1], dtype=torch.bool, device=hidden.device)
        for layer in self.layers:
            hidden, _ = layer(hidden, visible, within)
        return hidden, frames

    @property
    def look_ahead(self) -> int:
        """See `StreamingEncoder.look_ahead`; of a chunk's first frame."""
        self._check_chunked()
        return self.entrance.window.look_ahead + (self.config.chunk - 1) * self.subsampling

    def start(self, like: Tensor) -> ConformerState:
        """See `StreamingEncoder.start`."""
        self._check_chunked()
        nothing = like.new_zeros(len(like), 0, self.output_dim)
        silence = like.new_zeros(len(like), self.config.kernel - 1, self.output_dim)
        return ConformerState(
            self.entrance.window.start(like), nothing, (BlockState(nothing, silence),) * len(self.layers)
        )

    def advance(self, features: Tensor, state: ConformerState, final: bool = False) -> Tuple[Tensor, ConformerState]:
        """See `StreamingEncoder.advance`."""
        vectors, window = self.entrance.advance(features, state.window, final)
        pending = torch.cat([state.pending, self.dropout(vectors)], dim=1)
        blocks, outputs = state.blocks, [pending[:, :0]]
        while pending.shape[1] >= self.config.chunk or (final and pending.shape[1]):
            hidden, pending = pending[:, : self.config.chunk], pending[:, self.config.chunk :]
            hidden, blocks = self._advance_chunk(hidden, blocks)
            outputs.append(hidden)
        return torch.cat(outputs, dim=1), ConformerState(window, pending, blocks)

    def _advance_chunk(self, hidden: Tensor, blocks: Tuple[BlockState, ...]) -> Tuple[Tensor, Tuple[BlockState, ...]]:
        within = torch.ones(hidden.shape[:2], dtype=torch.bool, device=hidden.device)
        kept = self.config.chunk * self.config.left_chunks
        after: List[BlockState] = []
        for layer, block in zip(self.layers, blocks):
            every = torch.ones(1, 1, block.attended.shape[1] + hidden.shape[1], dtype=torch.bool, device=hidden.device)
            hidden, (attended, convolved) = layer(hidden, every, within, block)
            after.append(BlockState(attended[:, max(0, attended.shape[1] - kept) :], convolved))
        return hidden, tuple(after)

    def _check_chunked(self) -> None:
        if not self.config.chunk:
            raise ModelError("Conformer: needs whole utterances; train one with chunks to stream (`chunk`)")


def chunk_mask(frames: int, chunk: int, left_chunks: int, device: torch.device) -> Tensor:
    """bool (frames, frames): true where a frame sees another, of its own chunk or of `left_chunks` before it."""
    number = torch.div(torch.arange(frames, device=device), chunk, rounding_mode="floor")
    behind = number[:, None] - number[None, :]
    mask: Tensor = (behind >= 0) & (behind <= left_chunks)
    return mask


class ConformerBlock(nn.Module):
    """Half a feed-forward network, attention, convolution, the other half, each added to its input."""

    def __init__(self, config: ConformerConfig) -> None:
        super().__init__()
        self.before = FeedForward(config.hidden, config.expansion, config.dropout)
        self.attention_norm = VectorNorm(config.hidden)
        self.attention = RelativeAttention(config.hidden, config.heads, config.dropout)
        self.convolution = ConvolutionModule(config.hidden, config.kernel, config.chunk > 0, config.dropout)
        self.after = FeedForward(config.hidden, config.expansion, config.dropout)
        self.dropout = nn.Dropout(config.dropout)
        self.norm = VectorNorm(config.hidden)

    def forward(
        self, hidden: Tensor, visible: Tensor, within: Tensor, state: Optional[BlockState] = None
    ) -> Tuple[Tensor, BlockState]:
        """One block.

        Args:
          hidden: (N, T, D).
          visible: bool (N or 1, T or 1, M + T), as `SelfAttention.forward`'s mask.
          within: bool (N, T), true where there is no padding.
          state: what the block remembers of the frames before; None where there are none.

        Returns:
          (N, T, D), and what it remembers now, all frames that attention saw among it.
        """
        hidden = hidden + 0.5 * self.before(hidden)
        normed = self.attention_norm(hidden)
        memory = None if state is None else state.attended
        hidden = hidden + self.dropout(self.attention(normed, visible, memory))
        change, convolved = self.convolution(hidden, within, None if state is None else state.convolved)
        hidden = hidden + change
        hidden = hidden + 0.5 * self.after(hidden)
        attended = normed if memory is None else torch.cat([memory, normed], dim=1)
        return self.norm(hidden), BlockState(attended, convolved)


class ConvolutionModule(nn.Module):
    """A gated linear layer, a convolution of each element over time, and a linear layer."""

    def __init__(self, hidden: int, kernel: int, causal: bool, dropout: float) -> None:
        super().__init__()
        self.before = kernel - 1 if causal else kernel // 2
        self.behind = kernel - 1 - self.before
        self.norm = VectorNorm(hidden)
        self.inputs = nn.Linear(hidden, 2 * hidden)
        self.depthwise = FrameConv(hidden, hidden, kernel, groups=hidden)
        self.depthwise_norm = VectorNorm(hidden)
        self.output = nn.Linear(hidden, hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, within: Tensor, memory: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        """(N, T, D) to the same, and to what must be remembered; beyond the ends of an utterance are zeros."""
        gated = nn.functional.glu(self.inputs(self.norm(hidden)), dim=2).masked_fill(~within[:, :, None], 0.0)
        if memory is None:
            padded = nn.functional.pad(gated, (0, 0, self.before, self.behind))
        else:
            padded = torch.cat([memory, gated], dim=1)
        changed = nn.functional.silu(self.depthwise_norm(self.depthwise(padded)))
        return self.dropout(self.output(changed)), padded[:, padded.shape[1] - self.before :]
