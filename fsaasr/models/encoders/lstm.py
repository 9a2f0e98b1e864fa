"""A causal LSTM over subsampled frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Tuple

from torch import Tensor, nn

from fsaasr.core.config import STRICT
from fsaasr.models.encoders.frames import WindowState
from fsaasr.models.encoders.shape_checks import check_common
from fsaasr.models.encoders.streaming import StreamingEncoder
from fsaasr.models.encoders.subsampling import Subsampling, SubsamplingKind


@dataclass(frozen=True)
class LstmConfig:
    """Shape of an `Lstm`.

    Attributes:
      kind: `lstm`.
      hidden: cells of a layer.
      layers: LSTM layers.
      subsampling: input frames for each output frame, 1 to 4.
      subsampling_by: kind of `Subsampling`.
      dropout: between layers and after the last one, 0 to below 1.
    """

    kind: Literal["lstm"] = "lstm"
    hidden: int = 320
    layers: int = 4
    subsampling: int = 3
    subsampling_by: SubsamplingKind = "conv"
    dropout: float = 0.2

    __pydantic_config__ = STRICT

    def __post_init__(self) -> None:
        check_common(self, self.hidden, self.layers, self.subsampling, self.dropout)


class LstmState(NamedTuple):
    """Frames that the subsampling waits for, and hidden and cell vectors (layers, N, D)."""

    window: WindowState
    hidden: Tensor
    cells: Tensor


class Lstm(StreamingEncoder):
    """Long short-term memory from the beginning to the end. Hochreiter and Schmidhuber 1997.

    A vector knows of what follows only the frames that the subsampling looks ahead.
    """

    def __init__(self, features: int, config: LstmConfig) -> None:
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
        between = config.dropout if config.layers > 1 else 0.0
        self.layers = nn.LSTM(  # type: ignore[no-untyped-call]
            config.hidden, config.hidden, config.layers, batch_first=True, dropout=between
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """See `Encoder.forward`."""
        hidden, frames = self.entrance(features, lengths)
        # What follows an utterance's end cannot change what came before it.
        return self.dropout(self.layers(hidden)[0]), frames

    @property
    def look_ahead(self) -> int:
        """See `StreamingEncoder.look_ahead`."""
        return self.entrance.window.look_ahead

    def start(self, like: Tensor) -> LstmState:
        """See `StreamingEncoder.start`."""
        zeros = like.new_zeros(self.layers.num_layers, len(like), self.output_dim)
        return LstmState(self.entrance.window.start(like), zeros, zeros)

    def advance(self, features: Tensor, state: LstmState, final: bool = False) -> Tuple[Tensor, LstmState]:
        """See `StreamingEncoder.advance`."""
        vectors, window = self.entrance.advance(features, state.window, final)
        if not vectors.shape[1]:
            return vectors, state._replace(window=window)
        output, (hidden, cells) = self.layers(vectors, (state.hidden, state.cells))
        return self.dropout(output), LstmState(window, hidden, cells)
