"""The training loop of neural networks: repeatable, resumable, and ignorant of what it trains."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy as np
import torch
from torch import nn
from torch.nn.utils.clip_grad import clip_grad_norm_

from fsaasr.core.errors import TrainingError
from fsaasr.train.best_epochs import BestEpochs
from fsaasr.train.checkpoint import Tensors, load_checkpoint, save_checkpoint
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.network_state import (
    isolated_chance,
    load_arrays,
    load_optimizer_arrays,
    optimizer_arrays,
    to_arrays,
)
from fsaasr.train.task import Batch, Network, Task


@dataclass
class _Progress:
    optimizer: torch.optim.Optimizer
    best: BestEpochs
    history: List[Dict[str, Any]] = field(default_factory=list)


def fit(
    network: Network,
    task: Task[Batch, Network],
    config: FitConfig,
    checkpoint: Optional[Path] = None,
    identity: str = "",
) -> Tuple[Dict[str, Any], ...]:
    """Trains `network` in place; leaves the weights of the best epoch in it, or the mean of the best epochs' weights.

    Every epoch and batch draws from generators seeded by (seed, epoch, batch) alone, and the global
    generator is left as it was. So a run that resumes ends in the same weights, bit for bit, as one that
    was never interrupted, given the same machine and number of threads.

    Args:
      network: on the device to train on.
      task: data, loss and measure.
      config: how the parameters move.
      checkpoint: file written after each epoch and resumed from; None for none.
      identity: what the checkpoint must belong to.

    Returns:
      A record for each epoch: `epoch`, mean `loss`, `learning_rate`, and the task's measures. Where epochs are
      averaged, the last record has `averaged`, the numbers of the epochs whose mean was taken, and the mean's measures
      as `averaged_<measure>`; `averaged` is empty where the mean is worse than the best epoch, which is kept then.

    Raises:
      TrainingError: a loss or gradient that is not finite, with the epoch and batch; a foreign checkpoint.
    """
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    progress = _Progress(optimizer, BestEpochs(config.average))
    found = load_checkpoint(checkpoint, identity) if checkpoint is not None else None
    if found is not None:
        _restore(network, progress, *found)
    for epoch in range(len(progress.history), config.epochs):
        if _gave_up(progress, config.patience):
            break
        record = _train_epoch(network, task, optimizer, config, epoch)
        measures = _measures(network, task)
        progress.history.append({**record, **measures})
        progress.best.add(measures, epoch, to_arrays(network.state_dict()))
        if checkpoint is not None:
            save_checkpoint(checkpoint, *_snapshot(network, progress), identity)
    return (*progress.history[:-1], {**progress.history[-1], **_settle(network, task, progress.best)})


def _train_epoch(
    network: Network, task: Task[Batch, Network], optimizer: torch.optim.Optimizer, config: FitConfig, epoch: int
) -> Dict[str, Any]:
    from tqdm import tqdm

    network.train()
    device = next(network.parameters()).device
    batches = task.batches(epoch)
    total = weight = 0.0
    # disable=None: a bar on a terminal only.
    bar = tqdm(batches, desc=f"epoch {epoch + 1}/{config.epochs}", unit="batch", leave=False, disable=None)
    for number, batch in enumerate(bar):
        rate = config.rate_at((epoch + (number + 0.5) / len(batches)) / config.epochs)
        for group in optimizer.param_groups:
            group["lr"] = rate
        rng = np.random.default_rng([config.seed, epoch, number])
        with isolated_chance(int(rng.integers(2**62)), device):
            loss, share = task.loss(network, batch, rng)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
        norm = clip_grad_norm_(network.parameters(), config.clip_norm)
        value = float(loss.detach())
        if not (math.isfinite(value) and math.isfinite(float(norm))):
            raise TrainingError(
                f"fit: epoch {epoch + 1}, batch {number + 1} ({task.name(batch)}): loss {value}, gradient norm "
                f"{float(norm)}; lower the learning rate or look at these utterances"
            )
        optimizer.step()
        total, weight = total + value * share, weight + share
        bar.set_postfix(loss=f"{total / weight:.3f}", refresh=False)
    return {"epoch": epoch + 1, "loss": total / weight, "learning_rate": rate}


def _measures(network: Network, task: Task[Batch, Network]) -> Dict[str, float]:
    network.eval()
    with torch.no_grad():
        return dict(task.evaluate(network))


def _gave_up(progress: _Progress, patience: int) -> bool:
    """Whether the last `patience` epochs were all no better than the best one."""
    return patience > 0 and bool(progress.best.found) and len(progress.history) > progress.best.epochs[0] + patience


def _settle(network: Network, task: Task[Batch, Network], best: BestEpochs) -> Dict[str, Any]:
    """Puts the final weights into the network; what is to be told of them."""
    load_arrays(network, best.mean())
    if best.limit == 1:
        network.eval()
        return {}
    measures = _measures(network, task)
    better = not measures or list(measures.values()) <= list(best.found[0][0])
    if not better:
        load_arrays(network, best.found[0][2])
    averaged = [epoch + 1 for epoch in best.epochs] if better else []
    return {"averaged": averaged, **{f"averaged_{name}": value for name, value in measures.items()}}


def _snapshot(network: nn.Module, progress: _Progress) -> Tuple[Tensors, Dict[str, Any]]:
    tensors = {f"network.{name}": array for name, array in to_arrays(network.state_dict()).items()}
    tensors.update({f"best.{name}": array for name, array in progress.best.arrays().items()})
    tensors.update({f"optimizer.{name}": array for name, array in optimizer_arrays(progress.optimizer).items()})
    state = {"history": progress.history, "best": [entry[:2] for entry in progress.best.found]}
    return tensors, state


def _restore(network: nn.Module, progress: _Progress, tensors: Tensors, state: Mapping[str, Any]) -> None:
    parts: Dict[str, Tensors] = {"network": {}, "best": {}, "optimizer": {}}
    for name, array in tensors.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = array
    load_arrays(network, parts["network"])
    progress.best.restore(state["best"], parts["best"])
    progress.history = list(state["history"])
    load_optimizer_arrays(progress.optimizer, parts["optimizer"])
