"""One decoder in a process of its own: `python -m tools.bench.worker JOB.json RESULT.json`.

Timed apart: the load from disk, the first search ever (`start_s`: compiled loops come from their cache, a graph
is converted), then whole passes over all utterances at each beam, the narrow ones first, so that the peak memory
after each is that beam's.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import time
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

from tools.bench.bed import Bed
from tools.bench.runner import Runner, Task
from tools.bench.scores_file import ScoreSet, read_scores

ENOUGH = 0.6
"""Seconds of passes after which no further one begins."""
PASSES = 3


def run(job: Dict[str, Any]) -> Dict[str, Any]:
    """Carries out a job: `cores`, `runner`, `bed`, `task`, `beams`; returns the figures of each beam."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job["cores"])
    bed = Bed(Path(job["bed"]))
    module, name = job["runner"].split(":")
    runner: Runner = getattr(import_module(f"tools.bench.runners.{module}"), name)(bed, Task(**job["task"]))
    load_s, _ = _timed(runner.load)
    scores = read_scores(bed.scores)
    ready = runner.prepare(scores)
    one = runner.prepare(ScoreSet(scores.columns, scores.frame_shift, scores.ids[:1], scores.matrices[:1], ()))
    start_s, _ = _timed(lambda: runner.search(one, job["beams"][0]))
    frames = sum(len(matrix) for matrix in scores.matrices)
    beams = [{"beam": beam, **_passes(runner, ready, beam, frames)} for beam in sorted(job["beams"])]
    return {"load_s": load_s, "start_s": start_s, "beams": beams}


def _passes(runner: Runner, scores: Any, beam: float, frames: int) -> Dict[str, Any]:
    spent = _spend(runner, scores, beam)
    passes = [spent] if spent.seconds >= ENOUGH else []  # a short one warms up only
    while not passes or (len(passes) < PASSES and sum(spent.seconds for spent in passes) < ENOUGH):
        spent.results.clear()  # not two of them in memory
        spent = _spend(runner, scores, beam)
        passes.append(spent)
    results = spent.results[0]
    read_out_s, paths = _timed(lambda: runner.read_out(results))
    peak = peak_megabytes()
    found = [asdict(utterance) for utterance in runner.found(paths)]
    notes = runner.notes(results, frames)
    return {
        "seconds": [spent.seconds for spent in passes],
        "cpu_seconds": [spent.cpu_seconds for spent in passes],
        "read_out_s": read_out_s,
        "peak_mb": peak,
        "found": found,
        "notes": notes,
    }


class _Spent(NamedTuple):
    """A pass: by the clock, by all threads together on a processor, and what it gave (a list of one)."""

    seconds: float
    cpu_seconds: float
    results: List[Any]


def _spend(runner: Runner, scores: Any, beam: float) -> _Spent:
    cpu_begun = time.process_time()
    seconds, results = _timed(lambda: runner.search(scores, beam))
    return _Spent(seconds, time.process_time() - cpu_begun, [results])


def _timed(function: Callable[[], Any]) -> Tuple[float, Any]:
    begun = time.perf_counter()
    result = function()
    return time.perf_counter() - begun, result


def peak_megabytes() -> float:
    """Most memory that this process has had resident, memory-mapped files included.

    Linux counts what the parent had into `ru_maxrss` of a new process, so its own count is taken where there is one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii", errors="replace"))
        if found:
            return int(found[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def main(arguments: Sequence[str]) -> None:
    """Reads the job, writes the result."""
    job, result = (Path(argument) for argument in arguments)
    result.write_text(json.dumps(run(json.loads(job.read_text(encoding="utf-8")))), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
