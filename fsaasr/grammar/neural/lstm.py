"""An LSTM that predicts the next word."""

from __future__ import annotations

from typing import List, Sequence, Tuple

import torch
from torch import Tensor, nn

from fsaasr.grammar.neural.config import LstmLmConfig
from fsaasr.grammar.neural.network import LmNetwork


class LstmLm(LmNetwork):
    """See `LstmLmConfig`. A memory is float32 (2, layers, D): hidden and cell vectors."""

    def __init__(self, vocabulary: int, config: LstmLmConfig) -> None:
        """Makes random weights.

        Args:
          vocabulary: V words.
          config: the shape.
        """
        super().__init__()
        self.words = nn.Embedding(1 + vocabulary, config.dim)
        nn.init.normal_(self.words.weight, std=config.dim**-0.5)
        self.bias = nn.Parameter(torch.zeros(1 + vocabulary))
        between = config.dropout if config.layers > 1 else 0.0
        self.cells = nn.LSTM(  # type: ignore[no-untyped-call]
            config.dim, config.dim, config.layers, batch_first=True, dropout=between
        )
        self.dropout = nn.Dropout(config.dropout)

    def read(self, inputs: Tensor) -> Tensor:
        """See `LmNetwork.read`."""
        hidden: Tensor = self.dropout(self.cells(self.dropout(self.words(inputs)))[0])
        return hidden

    def begin(self) -> Tensor:
        """Zeros."""
        zeros: Tensor = self.words.weight.new_zeros((2, self.cells.num_layers, self.cells.hidden_size))
        return zeros

    def step(self, inputs: Tensor, memories: Sequence[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        """See `LmNetwork.step`."""
        before = torch.stack(list(memories), dim=2)
        state = (before[0].contiguous(), before[1].contiguous())
        outputs, (hidden, cell) = self.cells(self.dropout(self.words(inputs)).unsqueeze(1), state)
        after = torch.stack([hidden, cell])
        return self.dropout(outputs[:, 0]), [after[:, :, n] for n in range(len(memories))]
