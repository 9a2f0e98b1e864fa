"""`TransducerNetwork`: encoder, prediction network, and the joiner that scores what comes next."""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from fsaasr.models.encoder_network import EncoderNetwork
from fsaasr.models.encoders.registry import EncoderConfig
from fsaasr.models.transducer.config import TanhConfig, TransducerConfig
from fsaasr.models.transducer.predictor import build_predictor


class TransducerNetwork(EncoderNetwork):
    """Graves 2012. Encoder and predictor end in vectors of J elements, which the joiner adds.

    Attributes:
      predictor: of tokens 1 .. V.
      from_encoder, from_predictor: linear layers to J elements.
      output: linear layer of the tanh joiner; None where vectors are logits already.
      num_columns: C = 1 + V, blank first.
    """

    output: Optional[nn.Linear]

    def __init__(self, features: int, tokens: int, encoder: EncoderConfig, config: TransducerConfig) -> None:
        """Makes random weights, drawn from torch's global generator.

        Args:
          features: F. tokens: V.
          encoder: kind and shape of the encoder.
          config: what stands on it.
        """
        super().__init__(features, encoder)
        self.num_columns = 1 + tokens
        self.predictor = build_predictor(tokens, config.predictor)
        size = config.joiner.dim if isinstance(config.joiner, TanhConfig) else self.num_columns
        self.from_encoder = nn.Linear(self.encoder.output_dim, size)
        self.from_predictor = nn.Linear(self.predictor.output_dim, size, bias=False)
        self.output = nn.Linear(size, self.num_columns) if isinstance(config.joiner, TanhConfig) else None

    @property
    def context(self) -> Optional[int]:
        """Number of last tokens that scores depend on; None for all."""
        return self.predictor.context

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """float32 (N, T, F) and int64 (N,) to the encoder's side of the joiner (N, T', J) and lengths (N,)."""
        hidden, lengths = self.encode(features, lengths)
        return self.from_encoder(hidden), lengths

    def predict(self, labels: Tensor) -> Tensor:
        """int64 (N, U) labels to the predictor's side of the joiner (N, U + 1, J)."""
        vectors: Tensor = self.from_predictor(self.predictor(labels))
        return vectors

    def start(self) -> Tuple[Tensor, Tensor]:
        """The predictor's side of the joiner (1, J), and state (1, S), before the first token."""
        vector, state = self.predictor.start()
        return self.from_predictor(vector), state

    def extend(self, states: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
        """The same (B, J) and (B, S) after one more label each, int64 (B,)."""
        vectors, states = self.predictor.extend(states, labels)
        return self.from_predictor(vectors), states

    def join(self, encoded: Tensor, predicted: Tensor) -> Tensor:
        """Vectors (..., J) of both sides, as far as they broadcast, to logits (..., C)."""
        logits: Tensor = encoded + predicted
        return logits if self.output is None else self.output(logits.tanh())

    def log_probs(self, encoded: Tensor, predicted: Tensor) -> Tensor:
        """As `join`, log probabilities."""
        return torch.log_softmax(self.join(encoded, predicted), dim=-1)

    @property
    def silent_side(self) -> Tensor:
        """The encoder's side of the joiner (1, J) for an output of zeros."""
        vector: Tensor = self.from_encoder(self.from_encoder.weight.new_zeros(1, self.encoder.output_dim)).detach()
        return vector

    @property
    def joiner_parameters(self) -> List[Tensor]:
        """What `join` depends on beside its input."""
        return [] if self.output is None else list(self.output.parameters())
