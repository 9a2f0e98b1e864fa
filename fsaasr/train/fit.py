"""The training loop of neural networks: repeatable, resumable, and ignorant of what it trains."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import torch
from torch import nn

from fsaasr.train.best_epochs import BestEpochs
from fsaasr.train.checkpoint import Tensors, load_checkpoint, save_checkpoint
from fsaasr.train.curves import write_curves
from fsaasr.train.epoch import train_epoch
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.network_state import (
    load_arrays,
    load_optimizer_arrays,
    optimizer_arrays,
    to_arrays,
)
from fsaasr.train.processes import Processes, joined_processes
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

    Under `torchrun`, every process calls this with the same network and data, and they share the batches of each step;
    losses that learn from the batches they see (running priors) learn from their process's alone.

    Args:
      network: on the device to train on.
      task: data, loss and measure.
      config: how the parameters move.
      checkpoint: file written after each epoch and resumed from, and beside it curves as `.csv`; None for none.
      identity: what the checkpoint must belong to.

    Returns:
      A record for each epoch: `epoch`, mean `loss`, `learning_rate`, and the task's measures. Where epochs are
      averaged, the last record has `averaged`, the numbers of the epochs whose mean was taken, and the mean's measures
      as `averaged_<measure>`; `averaged` is empty where the mean is worse than the best epoch, which is kept then.

    Raises:
      TrainingError: a loss or gradient that is not finite, with the epoch and batch; a foreign checkpoint; processes
        that cannot share a step's batches evenly.
    """
    with joined_processes(next(network.parameters()).device) as processes:
        processes.check_shares(config.batches_per_step)
        return _fit(network, task, config, checkpoint, identity, processes)


def _fit(
    network: Network,
    task: Task[Batch, Network],
    config: FitConfig,
    checkpoint: Optional[Path],
    identity: str,
    processes: Processes,
) -> Tuple[Dict[str, Any], ...]:
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    progress = _Progress(optimizer, BestEpochs(config.average))
    found = load_checkpoint(checkpoint, identity) if checkpoint is not None else None
    if found is not None:
        _restore(network, progress, *found)
    for epoch in range(len(progress.history), config.epochs):
        if _gave_up(progress, config.patience):
            break
        record = train_epoch(network, task, optimizer, config, epoch, processes)
        measures = _measures(network, task, processes)
        progress.history.append({**record, **measures})
        progress.best.add(measures, epoch, to_arrays(network.state_dict()))
        if checkpoint is not None and processes.rank == 0:
            save_checkpoint(checkpoint, *_snapshot(network, progress), identity)
            write_curves(progress.history, checkpoint.with_suffix(".csv"))
    return (*progress.history[:-1], {**progress.history[-1], **_settle(network, task, progress.best, processes)})


def _measures(network: Network, task: Task[Batch, Network], processes: Processes) -> Dict[str, float]:
    network.eval()
    with torch.no_grad():
        return processes.agreed(task.evaluate(network), next(network.parameters()).device)


def _gave_up(progress: _Progress, patience: int) -> bool:
    """Whether the last `patience` epochs were all no better than the best one."""
    return patience > 0 and bool(progress.best.found) and len(progress.history) > progress.best.epochs[0] + patience


def _settle(network: Network, task: Task[Batch, Network], best: BestEpochs, processes: Processes) -> Dict[str, Any]:
    """Puts the final weights into the network; what is to be told of them."""
    load_arrays(network, best.mean())
    if best.limit == 1:
        network.eval()
        return {}
    measures = _measures(network, task, processes)
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
