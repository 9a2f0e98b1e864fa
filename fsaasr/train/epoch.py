"""One pass of a training over its data."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import torch
from torch import nn
from torch.nn.utils.clip_grad import clip_grad_norm_

from fsaasr.core.errors import TrainingError
from fsaasr.models.encoder_network import encoder_precision
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.network_state import isolated_chance
from fsaasr.train.processes import Processes
from fsaasr.train.task import Batch, Network, Task

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def train_epoch(
    network: Network,
    task: Task[Batch, Network],
    optimizer: torch.optim.Optimizer,
    config: FitConfig,
    epoch: int,
    processes: Processes,
) -> Dict[str, Any]:
    """Takes each batch once; see `fit`.

    Returns:
      `epoch`, counted from 1, mean `loss`, and the last `learning_rate`.

    Raises:
      TrainingError: a loss or gradient that is not finite, in every process; names the batch where it is this one's.
    """
    from tqdm import tqdm

    network.train()
    batches = list(enumerate(task.batches(epoch)))
    size = config.batches_per_step
    steps = [batches[start : start + size] for start in range(0, len(batches), size)]
    total = weight = rate = 0.0
    # disable=None: a bar on a terminal only.
    bar = tqdm(steps, desc=f"epoch {epoch + 1}/{config.epochs}", unit="step", leave=False, disable=None)
    with encoder_precision(network, PRECISIONS[config.precision]):
        for number, step in enumerate(bar):
            rate = config.rate_at((epoch + (number + 0.5) / len(steps)) / config.epochs)
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad(set_to_none=True)
            value, share = _accumulate(network, task, processes.share(step), config, epoch, len(step), processes)
            norm = float(clip_grad_norm_(network.parameters(), config.clip_norm))
            if not (math.isfinite(value) and math.isfinite(norm)):
                raise TrainingError(_message(task, processes.share(step), epoch, number, value / share, norm))
            optimizer.step()
            total, weight = total + value, weight + share
            bar.set_postfix(loss=f"{total / weight:.3f}", refresh=False)
    return {"epoch": epoch + 1, "loss": total / weight, "learning_rate": rate}


def _accumulate(
    network: Network,
    task: Task[Batch, Network],
    batches: Sequence[Tuple[int, Batch]],
    config: FitConfig,
    epoch: int,
    count: int,
    processes: Processes,
) -> Tuple[float, float]:
    """Leaves the gradient of a step's mean loss; its loss times weight, and weight, over all `count` batches."""
    device = next(network.parameters()).device
    value = weight = 0.0
    for number, batch in batches:
        rng = np.random.default_rng([config.seed, epoch, number])
        with isolated_chance(int(rng.integers(2**62)), device):
            loss, share = task.loss(network, batch, rng)
            torch.autograd.backward(loss.mul(share) if count > 1 else loss)
        value, weight = value + float(loss.detach()) * share, weight + share
    if count > 1:
        sums = processes.sum(torch.tensor([value, weight], dtype=torch.float64, device=device))
        value, weight = sums.tolist()
        processes.sum_gradients(network)
        _scale_gradients(network, 1 / weight)
    return value, weight


def _scale_gradients(network: nn.Module, factor: float) -> None:
    for parameter in network.parameters():
        if parameter.grad is not None:
            parameter.grad.mul_(factor)


def _message(
    task: Task[Batch, Network], batches: List[Tuple[int, Batch]], epoch: int, step: int, loss: float, norm: float
) -> str:
    names = "; ".join(f"batch {number + 1} ({task.name(batch)})" for number, batch in batches)
    return (
        f"fit: epoch {epoch + 1}, {names or f'step {step + 1}'}: loss {loss}, gradient norm {norm}; "
        "lower the learning rate or look at these utterances"
    )
