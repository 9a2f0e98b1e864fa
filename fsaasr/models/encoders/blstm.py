"""A bidirectional LSTM over subsampled frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Tuple

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from fsaasr.core.config import STRICT
from fsaasr.models.encoders.encoder import Encoder
from fsaasr.models.encoders.shape_checks import check_common
from fsaasr.models.encoders.subsampling import Subsampling, SubsamplingKind


@dataclass(frozen=True)
class BlstmConfig:
    """Shape of a `Blstm`.

    Attributes:
      kind: `blstm`.
      hidden: cells of each direction; vectors have twice as many elements.
      layers: bidirectional layers.
      subsampling: input frames for each output frame, 1 to 4.
      subsampling_by: kind of `Subsampling`.
      dropout: between layers and after the last one, 0 to below 1.
    """

    kind: Literal["blstm"] = "blstm"
    hidden: int = 192
    layers: int = 3
    subsampling: int = 3
    subsampling_by: SubsamplingKind = "conv"
    dropout: float = 0.2

    __pydantic_config__ = STRICT

    def __post_init__(self) -> None:
        check_common(self, self.hidden, self.layers, self.subsampling, self.dropout)


class Blstm(Encoder):
    """Bidirectional long short-term memory. Graves and Schmidhuber 2005.

    Utterances are packed: each direction begins at its own end of each utterance, whatever the padding.
    """

    def __init__(self, features: int, config: BlstmConfig) -> None:
        """Makes random weights.

        Args:
          features: F, dimension of the input.
          config: the shape.
        """
        super().__init__()
        self.input_dim = features
        self.output_dim = 2 * config.hidden
        self.subsampling = config.subsampling
        self.entrance = Subsampling(features, 2 * config.hidden, config.subsampling, config.subsampling_by)
        between = config.dropout if config.layers > 1 else 0.0
        self.layers = nn.LSTM(  # type: ignore[no-untyped-call]
            2 * config.hidden, config.hidden, config.layers, batch_first=True, dropout=between, bidirectional=True
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """See `Encoder.forward`."""
        hidden, frames = self.entrance(features, lengths)
        return self.dropout(run_packed(self.layers, hidden, frames)), frames


def run_packed(layers: nn.LSTM, hidden: Tensor, lengths: Tensor) -> Tensor:
    """Both directions over utterances (N, T, D) of `lengths`, each from its own end; zeros beyond."""
    packed = pack_padded_sequence(hidden, lengths.cpu(), batch_first=True, enforce_sorted=False)
    output: Tensor = pad_packed_sequence(layers(packed)[0], batch_first=True)[0]
    return output
