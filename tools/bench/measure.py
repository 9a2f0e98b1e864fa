"""Runs the decoders in rounds, one process at a time, so that what slows the machine down slows all of them."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from tools.bench.bed import Bed
from tools.bench.decoders import Decoder
from tools.bench.runner import Task

ROOT = Path(__file__).parents[2]
LONGEST = 1800.0
"""Seconds that one process may take."""


@dataclass(frozen=True)
class Plan:
    """How to measure.

    Attributes:
      beams: the sweep.
      rounds: processes of each decoder and number of threads.
      pythons: interpreter of each environment.
      min_active: of all decoders.
    """

    beams: Tuple[float, ...]
    rounds: int
    pythons: Mapping[str, str]
    min_active: int = 20


@dataclass
class Measured:
    """A decoder with a number of threads: what the worker gave in each round, or why there is nothing."""

    decoder: Decoder
    task: Task
    rounds: List[Dict[str, Any]] = field(default_factory=list)
    failure: str = ""


def measure(decoders: Sequence[Decoder], bed: Bed, plan: Plan) -> List[Measured]:
    """Figures of each decoder with each number of threads; what fails once is not tried again."""
    cores = available_cores()
    tasks = [(d, Task(threads=n, min_active=plan.min_active, options=d.options)) for d in decoders for n in d.threads]
    measured = [Measured(decoder, task) for decoder, task in tasks]
    for entry in measured:
        if entry.task.threads > len(cores):
            entry.failure = f"needs {entry.task.threads} cores, this process may use {len(cores)}"
    for turn in range(plan.rounds):
        first = turn * len(measured) // plan.rounds  # no decoder always follows the same one
        for entry in measured[first:] + measured[:first]:
            if not entry.failure:
                say(f"round {turn + 1} of {plan.rounds}: {entry.decoder.name}, threads {entry.task.threads}")
                _run_once(entry, bed, plan, cores[-entry.task.threads :])
    return measured


def available_cores() -> List[int]:
    """Cores that this process may use; the last ones are given to decoders."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def _run_once(entry: Measured, bed: Bed, plan: Plan, cores: Sequence[int]) -> None:
    decoder = entry.decoder
    job = {
        "cores": list(cores),
        "runner": decoder.runner,
        "bed": str(bed.folder.resolve()),
        "task": asdict(entry.task),
        "beams": decoder.beams or plan.beams,
    }
    result, entry.failure = run_job(plan.pythons[decoder.environment], "tools.bench.worker", job)
    if entry.failure:
        say(f"{decoder.name}: {entry.failure}")
    else:
        entry.rounds.append(result)


def run_job(python: str, module: str, job: Dict[str, Any]) -> Tuple[Dict[str, Any], str]:
    """Runs `python -m module JOB.json RESULT.json`; returns the result, and why there is none, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        written, result = Path(folder) / "job.json", Path(folder) / "result.json"
        written.write_text(json.dumps(job), encoding="utf-8")
        try:
            done = subprocess.run(
                [python, "-m", module, str(written), str(result)],
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {}, f"did not end in {LONGEST:.0f} s"
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            return {}, lines[-1] if lines else f"ended with status {done.returncode}"
        found: Dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return found, ""


def say(message: str) -> None:
    """Tells the user how far it got."""
    print(f"bench: {message}", file=sys.stderr, flush=True)


def processor_seconds() -> float:
    """Of this process and of those that it has started and that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)
