"""Several processes that train one network: what each computes, and what they agree on."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Dict, Iterator, List, Mapping, Sequence, TypeVar

import torch
from torch import Tensor, distributed, nn

from fsaasr.core.errors import TrainingError

Item = TypeVar("Item")


@dataclass(frozen=True)
class Processes:
    """The processes of a training, all at the same point of the same loop.

    Attributes:
      count: how many there are.
      rank: which one this is, from 0.
    """

    count: int = 1
    rank: int = 0

    def check_shares(self, batches: int) -> None:
        """Raises TrainingError where the batches of a step cannot be shared evenly."""
        if batches % self.count:
            raise TrainingError(
                f"fit: {self.count} processes share {batches} batches a step; set batches_per_step to a multiple of "
                "the number of processes"
            )

    def share(self, items: Sequence[Item]) -> List[Item]:
        """What this process takes of items, every `count`-th."""
        return list(items[self.rank :: self.count])

    def sum(self, values: Tensor) -> Tensor:
        """The sum of all processes' `values`, the same in each."""
        if self.count > 1:
            distributed.all_reduce(values)  # type: ignore[no-untyped-call]
        return values

    def sum_gradients(self, network: nn.Module) -> None:
        """Replaces every gradient by the sum over processes; a missing one counts as zeros."""
        if self.count == 1:
            return
        parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        flat = torch.cat(
            [
                (torch.zeros_like(parameter) if parameter.grad is None else parameter.grad).reshape(-1)
                for parameter in parameters
            ]
        )
        pieces = torch.split(self.sum(flat), [parameter.numel() for parameter in parameters])
        for parameter, piece in zip(parameters, pieces):
            # In the parameter's memory layout: another one would round differently.
            parameter.grad = torch.empty_like(parameter).copy_(piece.view(parameter.shape)).detach()

    def agreed(self, measures: Mapping[str, float], device: torch.device) -> Dict[str, float]:
        """The first process's values of what all have measured, so that all decide alike."""
        if self.count == 1 or not measures:
            return dict(measures)
        values = torch.tensor(list(measures.values()), dtype=torch.float64, device=device)
        distributed.broadcast(values, 0)  # type: ignore[no-untyped-call]
        return dict(zip(measures, values.tolist()))


def is_first_process() -> bool:
    """Whether this process is the one that writes files: alone, or the first of those that `torchrun` started."""
    return int(os.environ.get("RANK", "0")) == 0


def own_device(device: str) -> str:
    """`cuda` as the GPU of this process, where `torchrun` started several; other names as they are."""
    place = os.environ.get("LOCAL_RANK")
    return f"cuda:{place}" if device == "cuda" and place is not None else device


@contextmanager
def joined_processes(device: torch.device) -> Iterator[Processes]:
    """Joins the processes that `torchrun` started; without it, there is one.

    Args:
      device: that this process trains on, its own (`own_device`).

    Raises:
      TrainingError: this build of torch has no `torch.distributed`.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes()
        return
    if not distributed.is_available():
        raise TrainingError(
            f"fit: {count} processes, but this build of torch has no torch.distributed; use one process"
        )
    mine = not distributed.is_initialized()
    if mine:
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(distributed.get_world_size(), distributed.get_rank())
    finally:
        if mine:
            distributed.destroy_process_group()
