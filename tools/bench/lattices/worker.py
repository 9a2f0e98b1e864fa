"""One side in a process of its own: `python -m tools.bench.lattices.worker JOB.json RESULT.json`."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any, Dict, List, Sequence

from tools.bench.bed import Bed
from tools.bench.lattices.side import ALL_WORDS, WORDS, Beams, Operation, Side
from tools.bench.worker import peak_megabytes

ENOUGH = 0.5
"""Seconds of passes after which no further one begins."""
PASSES = 5


def run(job: Dict[str, Any]) -> Dict[str, Any]:
    """Carries out a job: `core`, `side`, `bed`, `beams`, `folder`; returns figures of each operation, and sizes."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [job["core"]])
    module, name = job["side"].split(":")
    kind = getattr(import_module(f"tools.bench.lattices.{module}"), name)
    side: Side = kind(Bed(Path(job["bed"])), Beams(**job["beams"]), Path(job["folder"]))
    side.load()
    operations = {operation.name: _measure(operation, side) for operation in side.operations()}
    return {"operations": operations, "sizes": side.sizes()}


def _measure(operation: Operation, side: Side) -> Dict[str, float]:
    """Seconds by the clock and of the processor, the medians of some passes, and the peak of the process's memory."""
    items = side.kept[operation.on]
    operation.do(items[0])  # compiled loops come from their cache
    reset_peak()
    clock: List[float] = []
    processor: List[float] = []
    while not clock or (len(clock) < PASSES and sum(clock) < ENOUGH):
        results: Any = None  # not two of them in memory
        begun, cpu_begun = time.perf_counter(), time.process_time()
        results = [operation.do(item) for item in items]
        clock.append(time.perf_counter() - begun)
        processor.append(time.process_time() - cpu_begun)
    peak = peak_megabytes()
    if operation.keep:
        side.kept[operation.keep] = results
        if operation.keep == WORDS:
            side.kept[ALL_WORDS] = [results]
    return {"seconds": median(clock), "cpu_seconds": median(processor), "peak_mb": peak}


def reset_peak() -> None:
    """The peak is counted anew from here on, where the system can do so."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def main(arguments: Sequence[str]) -> None:
    """Reads the job, writes the result."""
    job, result = (Path(argument) for argument in arguments)
    result.write_text(json.dumps(run(json.loads(job.read_text(encoding="utf-8")))), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
