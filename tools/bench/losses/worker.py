"""One case by one backend in a process of its own: `python -m tools.bench.losses.worker JOB.json RESULT.json`."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any, Dict, List, Sequence

import numpy as np
import torch

from tools.bench.lattices.worker import reset_peak
from tools.bench.worker import peak_megabytes

ENOUGH = 2.0
"""Seconds of passes after which no further one begins."""
PASSES = 7


def run(job: Dict[str, Any]) -> Dict[str, float]:
    """Carries out a job: seconds of loss and gradient, memory.

    A job has `core`, `cases` (the module of its kind of cases), `case`, `backend`, `gradient` (a file to write).

    The memory is the peak of the process during the passes, and how far that is above what it had before them.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [job["core"]])
    torch.set_num_threads(1)
    cases = importlib.import_module(job["cases"])
    case = cases.Case(**job["case"])
    loss = cases.loss_of(case, job["backend"])
    scores, lengths = cases.scores_of(case).requires_grad_(), cases.lengths_of(case)
    loss(scores, lengths).sum().backward()  # loops are compiled, graphs converted
    reset_peak()
    before = peak_megabytes()
    seconds: List[float] = []
    while not seconds or (len(seconds) < PASSES and sum(seconds) < ENOUGH):
        scores.grad = None
        begun = time.perf_counter()
        total = loss(scores, lengths).sum()
        total.backward()
        seconds.append(time.perf_counter() - begun)
    peak = peak_megabytes()
    assert scores.grad is not None
    np.save(job["gradient"], scores.grad.numpy())
    return {"seconds": median(seconds), "peak_mb": peak, "more_mb": peak - before, "loss": total.item()}


def main(arguments: Sequence[str]) -> None:
    """Reads the job, writes the result."""
    job, result = (Path(argument) for argument in arguments)
    result.write_text(json.dumps(run(json.loads(job.read_text(encoding="utf-8")))), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
