"""Trains on toy data and writes the weights: `python ctc_run.py WORK_DIR OUT [KILL_AFTER_EPOCHS]`."""

from __future__ import annotations

import os
import signal
import sys

import numpy as np
import torch
from safetensors.numpy import save_file

from fsaasr.train.ctc import train_ctc
from fsaasr.train.ctc_task import CtcTask
from tests.train.test_ctc import QUICK
from tests.train.toy_speech import CONFIG, toy_batch, toy_lexicon


def kill_in_epoch(epochs: int) -> None:
    """Makes the process kill itself, without any cleaning up, within the epoch after `epochs`."""
    original = CtcTask.loss
    batches_of = CtcTask.batches
    seen = []

    def batches(task: CtcTask, epoch: int) -> object:
        seen.append(epoch)
        return batches_of(task, epoch)

    def loss(*arguments: object) -> object:
        result = original(*arguments)  # type: ignore[arg-type]
        if seen[-1] == epochs:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    CtcTask.batches, CtcTask.loss = batches, loss  # type: ignore[assignment,method-assign]


if __name__ == "__main__":
    torch.set_num_threads(1)
    if len(sys.argv) > 3:
        kill_in_epoch(int(sys.argv[3]))
    batch, dev = toy_batch(16), toy_batch(4, seed=1)
    result = train_ctc(batch, toy_lexicon(), CONFIG, QUICK, dev=dev, work_dir=sys.argv[1])
    tensors = {name: np.asarray(array, order="C") for name, array in result.model.tensors().items()}
    save_file(tensors, sys.argv[2])
