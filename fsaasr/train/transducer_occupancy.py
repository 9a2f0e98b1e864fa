"""Where a transducer says known tokens: on the best path through its lattice, and the posteriors of all steps."""

from __future__ import annotations

from typing import Callable, Sequence, Tuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fsaasr.decode.ordered_frames import ordered_frames
from fsaasr.models.transducer import TransducerModel
from fsaasr.train.transducer_batch import TransducerBatch, checked_batch
from fsaasr.train.transducer_lattice import Occupancy


def token_occupancy(model: TransducerModel, encoded: Tensor, labels: Sequence[int]) -> Occupancy:
    """The full sum over all ways to spread tokens over one utterance's frames.

    Args:
      model: gives the scores, and the topology.
      encoded: (T, J), as `TransducerModel.encoded` gives it.
      labels: U tokens, 1 .. V.

    Returns:
      Arrays (1, T, U + 1).

    Raises:
      TrainingError: labels that do not fit.
    """
    with torch.no_grad():
        batch, logits_of = _lattice(model, encoded, labels, "token_occupancy")
        return batch.occupancy(logits_of, encoded, model.network.num_columns)


def token_frames(model: TransducerModel, encoded: Tensor, labels: Sequence[int]) -> npt.NDArray[np.int64]:
    """int64 (U,): the frame of each token on the best path through the lattice; arguments as `token_occupancy`.

    Raises:
      TrainingError: labels that do not fit.
    """
    with torch.no_grad():
        batch, logits_of = _lattice(model, encoded, labels, "token_frames")
        blank, label = (part[0].cpu().numpy() for part in batch.steps(logits_of, encoded, model.network.num_columns))
    return ordered_frames(label[:, :-1], blank, apart=batch.topology == "one-per-frame")


def _lattice(
    model: TransducerModel, encoded: Tensor, labels: Sequence[int], function: str
) -> Tuple[TransducerBatch, Callable[[int, slice, slice], Tensor]]:
    """One utterance, and the logits of its pieces."""
    row, network = torch.tensor([list(labels)], dtype=torch.int64), model.network
    sizes = torch.tensor([len(encoded)]), torch.tensor([len(labels)])
    most = 1, len(encoded), network.num_columns
    batch = checked_batch(row, *sizes, most, model.config.topology, None, function)
    predicted = network.predict(row)

    def logits_of(_: int, time: slice, place: slice) -> Tensor:
        return network.join(encoded[time, None], predicted[0, place])

    return batch, logits_of
