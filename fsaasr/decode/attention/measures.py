"""Where a decoder looks when it says known tokens, and how orderly and how surely."""

from __future__ import annotations

from typing import Sequence

import numpy as np
import torch

from fsaasr.core.scores import FloatArray
from fsaasr.models.attention_model import AttentionModel, Encoded
from fsaasr.models.decoders.decoder import END


def forced_weights(model: AttentionModel, encoded: Encoded, tokens: Sequence[int]) -> FloatArray:
    """float32 (U, T): the weights of each token when the decoder is given the tokens before it (teacher forcing).

    Args:
      model: whose decoder is asked. encoded: one utterance, as `AttentionModel.encode` gives it.
      tokens: U of them, 1 .. V.
    """
    inputs = encoded.lengths.new_tensor([[END, *tokens]])
    with torch.no_grad():
        _, weights = model.network.decoder(encoded.vectors, encoded.lengths, inputs)
    found: FloatArray = weights[0, : len(tokens)].float().cpu().numpy()
    return found


def monotonicity(weights: FloatArray) -> float:
    """Share of the steps, 0 to 1, that look no earlier than the step before: by the mean place under the weights.

    1 where there are fewer than two steps.
    """
    places = weights @ np.arange(weights.shape[1], dtype=np.float64)
    # The mean place of equal weights differs by rounding.
    return float(np.mean(np.diff(places) >= -1e-4)) if len(places) > 1 else 1.0


def entropy(weights: FloatArray) -> float:
    """Mean entropy of the steps in nats: 0 where each looks at one frame, log T where all frames count alike."""
    parts = np.where(weights > 0, -weights * np.log(np.where(weights > 0, weights, 1.0)), 0.0)
    return float(parts.sum(axis=1, dtype=np.float64).mean()) if len(weights) else 0.0
