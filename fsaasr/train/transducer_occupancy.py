"""Where a transducer says known tokens: posteriors of the steps through its lattice."""

from __future__ import annotations

from typing import Sequence

import torch
from torch import Tensor

from fsaasr.models.transducer import TransducerModel
from fsaasr.train.transducer_batch import checked_batch
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
    row, network = torch.tensor([list(labels)], dtype=torch.int64), model.network
    sizes = torch.tensor([len(encoded)]), torch.tensor([len(labels)])
    most = 1, len(encoded), network.num_columns
    batch = checked_batch(row, *sizes, most, model.config.topology, None, "token_occupancy")
    with torch.no_grad():
        predicted = network.predict(row)

        def logits_of(_: int, time: slice, place: slice) -> Tensor:
            return network.join(encoded[time, None], predicted[0, place])

        return batch.occupancy(logits_of, encoded, network.num_columns)
