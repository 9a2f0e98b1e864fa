"""Matrices of many lengths as padded batches, in front of a network."""

from __future__ import annotations

from typing import Iterator, List, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from fsaasr.core.scores import FloatArray

BATCH_FRAMES = 20_000
"""Frames, padding included, that are scored at once."""


def pad_matrices(matrices: Sequence[FloatArray]) -> Tuple[Tensor, Tensor]:
    """Matrices (T_n, F) to one batch (N, T, F), zero-padded, and lengths int64 (N,)."""
    lengths = [len(matrix) for matrix in matrices]
    batch = np.zeros((len(matrices), max(lengths), matrices[0].shape[1]), dtype=np.float32)
    for row, matrix in zip(batch, matrices):
        row[: len(matrix)] = matrix
    return torch.from_numpy(batch), torch.tensor(lengths)


def batches_by_length(lengths: Sequence[int], budget: int) -> Iterator[List[int]]:
    """Groups utterances of similar length.

    Args:
      lengths: frames of each utterance.
      budget: frames of a batch, padding included; an utterance that exceeds it alone is a batch alone.

    Yields:
      Indices into `lengths`; longest utterances first.
    """
    order = sorted(range(len(lengths)), key=lambda n: (-lengths[n], n))
    while order:
        size = max(1, budget // max(1, lengths[order[0]]))
        yield order[:size]
        order = order[size:]


def apply_network(network: nn.Module, matrices: Sequence[FloatArray]) -> Tuple[Tensor, Tensor]:
    """One batch through a network.

    Args:
      network: takes float32 (N, T, F) and lengths int64 (N,), gives (N, T', C) and lengths.
      matrices: N float32 (T_n, F).

    Returns:
      What the network gives, on its device.
    """
    batch, lengths = pad_matrices(matrices)
    device = next(network.parameters()).device
    outputs, out_lengths = network(batch.to(device), lengths.to(device))
    return outputs, out_lengths


def outputs_of(network: nn.Module, matrices: Sequence[FloatArray]) -> List[FloatArray]:
    """Outputs for any number of matrices, in batches of similar length, without gradients.

    Args:
      network: as `apply_network`; in evaluation mode.
      matrices: N float32 (T_n, F).

    Returns:
      N float32 (T'_n, C).
    """
    results: List[FloatArray] = [np.empty((0, 0), dtype=np.float32)] * len(matrices)
    with torch.no_grad():
        for places in batches_by_length([len(matrix) for matrix in matrices], BATCH_FRAMES):
            outputs, lengths = apply_network(network, [matrices[n] for n in places])
            for place, row, length in zip(places, outputs.cpu().numpy(), lengths.tolist()):
                results[place] = row[:length]
    return results
