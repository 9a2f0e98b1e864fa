"""Networks, optimizers and chance as plain state: to arrays, from arrays, and left as they were."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Dict, Iterator, Mapping

import torch
from torch import Tensor, nn

from fsaasr.train.checkpoint import Tensors


@contextmanager
def isolated_chance(seed: int, device: torch.device) -> Iterator[None]:
    """Seeds torch's global generators within the block, and leaves them as they were."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def to_arrays(state: Mapping[str, Tensor]) -> Tensors:
    """Copies of tensors as numpy arrays."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in state.items()}


def load_arrays(network: nn.Module, arrays: Tensors) -> None:
    """Copies `to_arrays(network.state_dict())` back into a network."""
    network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})


def optimizer_arrays(optimizer: torch.optim.Optimizer) -> Tensors:
    """What the optimizer remembers, as `<parameter number>.<name>`."""
    arrays: Tensors = {}
    for index, values in optimizer.state_dict()["state"].items():
        arrays.update({f"{index}.{name}": array for name, array in to_arrays(values).items()})
    return arrays


def load_optimizer_arrays(optimizer: torch.optim.Optimizer, arrays: Tensors) -> None:
    """Inverse of `optimizer_arrays`."""
    parameters = optimizer.param_groups[0]["params"]
    states: Dict[int, Dict[str, Tensor]] = {}
    for name, array in arrays.items():
        index, _, key = name.partition(".")
        tensor = torch.from_numpy(array)
        parameter = parameters[int(index)]
        if tensor.shape == parameter.shape:
            # In the parameter's memory layout, as it was: another one would round differently.
            tensor = torch.empty_like(parameter, requires_grad=False).copy_(tensor)
        states.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": states})
