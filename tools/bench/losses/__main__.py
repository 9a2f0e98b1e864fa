"""`python -m tools.bench.losses`: losses over graphs, or of transducers, natively and by k2, with their gradients."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from fsaasr.core.files import write_json, write_text
from tools.bench.losses import cases, transducer
from tools.bench.measure import ROOT, available_cores, run_job, say

KINDS = {
    "graphs": (cases, "losses", "Losses over graphs"),
    "transducer": (transducer, "transducer", "Transducer losses"),
}
"""Module, file name and title of each kind of losses."""
HEADER = (
    "| loss | native, ms | k2, ms | times faster | native, MB | k2, MB | gradients differ by |\n"
    "|---|---|---|---|---|---|---|"
)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the comparison; returns the exit status, 1 where a backend that was asked for failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.losses", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="processes of each case and backend, interleaved")
    parser.add_argument("--backends", nargs="+", default=["native", "k2"])
    parser.add_argument("--kind", choices=KINDS, default="graphs")
    parser.add_argument("--smoke", action="store_true", help="toy batches, in seconds")
    parser.add_argument("--out", type=Path, default=ROOT / "build/bench")
    given = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    rows = []
    module, file, title = KINDS[given.kind]
    for case in module.SMOKE if given.smoke else module.CASES:
        row = _measure(case, given.backends, given.rounds)
        if row is None:
            return 1
        rows.append(row)
    write_json(given.out / f"{file}.json", {"rows": rows, "rounds": given.rounds, "load": load})
    text = "\n".join(
        [
            *(f"# {title}, natively and by k2", ""),
            f"Loss and gradient of a batch on one core: medians of {given.rounds} interleaved processes; memory that "
            f"the process takes meanwhile, beyond what it had; load average before it began: {load:.1f}.",
            *("", HEADER, *map(_line, rows), ""),
        ]
    )
    write_text(given.out / f"{file}.md", text)
    print(text)
    return 0


def _measure(case: Any, backends: Sequence[str], rounds: int) -> Optional[Dict[str, Any]]:
    """Medians over the rounds; None where a backend failed.

    Keys: `case`, and of each backend `<backend>_seconds`, `_peak_mb`, `_more_mb`, `_loss`; `gradient_difference`, the
    greatest between two backends' gradients.
    """
    found: Dict[str, List[Dict[str, float]]] = defaultdict(list)
    gradients = {}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(rounds):
            for backend in backends if turn % 2 == 0 else backends[::-1]:
                say(f"round {turn + 1} of {rounds}: {case.name}, {backend}")
                path = Path(folder) / f"{backend}.npy"
                job = {"core": available_cores()[-1], "cases": type(case).__module__, "case": asdict(case)}
                job.update({"backend": backend, "gradient": str(path)})
                result, failure = run_job(sys.executable, "tools.bench.losses.worker", job)
                if failure:
                    say(f"{backend}: {failure}")
                    return None
                found[backend].append(result)
                gradients[backend] = np.load(path)
    row: Dict[str, Any] = {"case": case.name}
    for backend, results in found.items():
        row.update({f"{backend}_{key}": median(one[key] for one in results) for key in results[0]})
    first, *others = gradients.values()
    row["gradient_difference"] = max((float(np.abs(first - other).max()) for other in others), default=0.0)
    return row


def _line(row: Dict[str, Any]) -> str:
    cells = [row["case"], f"{1000 * row['native_seconds']:.1f}"] if "native_seconds" in row else [row["case"], ""]
    both = "native_seconds" in row and "k2_seconds" in row
    cells.append(f"{1000 * row['k2_seconds']:.1f}" if "k2_seconds" in row else "")
    cells.append(f"{row['k2_seconds'] / row['native_seconds']:.1f}" if both else "")
    cells += [f"{row[key]:.0f}" if key in row else "" for key in ("native_more_mb", "k2_more_mb")]
    return f"| {' | '.join(cells)} | {row['gradient_difference']:.1e} |"


if __name__ == "__main__":
    sys.exit(main())
