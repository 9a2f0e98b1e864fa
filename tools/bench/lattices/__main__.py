"""`python -m tools.bench.lattices`: makes lattices here and by Kaldi, measures what is done to them, writes tables."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict, fields
from pathlib import Path
from statistics import median
from typing import Any, Dict, List, Optional, Sequence, Tuple

from fsaasr.core.errors import FsaasrError
from fsaasr.core.files import write_json, write_text
from tools.bench.__main__ import SMOKE
from tools.bench.bed import Bed, Settings
from tools.bench.build import build, read_facts
from tools.bench.lattices.side import FRAMES, WORDS, Beams
from tools.bench.lattices.system import System, system_bed
from tools.bench.lattices.table import Row, details, overview, sizes
from tools.bench.measure import ROOT, available_cores, run_job, say
from tools.bench.scores_file import read_scores

OURS, THEIRS = "ours:Fsaasr", "kaldi:Kaldi"
Rounds = Dict[Tuple[str, Beams], List[Dict[str, Any]]]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the comparison; returns the exit status, 1 where this package failed."""
    given = _parser().parse_args(arguments)
    pythons = {OURS: sys.executable, **({THEIRS: given.pykaldi_python} if given.pykaldi_python else {})}
    try:
        bed = _bed(given)
    except FsaasrError as error:
        sys.exit(str(error))
    load = os.getloadavg()[0]
    beams = [Beams(given.search_beam, lattice) for lattice in sorted(given.beams)]
    rounds = _measure(bed, beams, pythons, given.rounds)
    if len([key for key in rounds if key[0] == OURS]) < len(beams):
        return 1
    print(_write(given.out, bed, _rows(rounds), (given.rounds, load)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.lattices", description=__doc__)
    parser.add_argument("--beams", type=float, nargs="+", default=[6.0, 8.0, 10.0], help="lattice beams")
    parser.add_argument("--search-beam", type=float, default=14.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--words", type=int, help="vocabulary of the bed")
    parser.add_argument("--utterances", type=int)
    parser.add_argument("--smoke", action="store_true", help="a toy bed, in seconds")
    for name in ("model", "graph", "cuts", "arpa"):
        parser.add_argument(f"--{name}", help="of a trained system, in place of the bed")
    parser.add_argument("--acoustic-scale", type=float, default=1.0, help="of the trained system")
    parser.add_argument("--out", type=Path, default=ROOT / "build/bench")
    parser.add_argument("--pykaldi-python", default="", help="interpreter that has pykaldi")
    return parser


def _bed(given: argparse.Namespace) -> Bed:
    chosen = {name: value for name, value in vars(given).items() if value is not None}
    if given.model:
        known = {field.name for field in fields(System)}
        return system_bed(System(**{name: value for name, value in chosen.items() if name in known}), given.out)
    known = {"words", "utterances"}
    settings = SMOKE if given.smoke else Settings(**{name: chosen[name] for name in known & chosen.keys()})
    return build(settings, given.out, with_k2=False)


def _measure(bed: Bed, beams: Sequence[Beams], pythons: Dict[str, str], count: int) -> Rounds:
    """Figures of each side and beam in each round; the rounds are interleaved, and what fails is not tried again."""
    found: Rounds = defaultdict(list)
    failed = set()
    for turn in range(count):
        for one in beams:
            for side in sorted(pythons, reverse=bool(turn % 2)):
                if (side, one) in failed:
                    continue
                say(f"round {turn + 1} of {count}: {side.split(':')[0]}, lattice beam {one.lattice:g}")
                result, failure = _run(side, bed, one, pythons[side])
                if failure:
                    say(f"{side}: {failure}")
                    failed.add((side, one))
                else:
                    found[side, one].append(result)
    return found


def _run(side: str, bed: Bed, beams: Beams, python: str) -> Tuple[Dict[str, Any], str]:
    with tempfile.TemporaryDirectory() as folder:
        job = {
            "core": available_cores()[-1],
            "side": side,
            "bed": str(bed.folder.resolve()),
            "beams": asdict(beams),
            "folder": folder,
        }
        return run_job(python, "tools.bench.lattices.worker", job)


def _rows(rounds: Rounds) -> List[Row]:
    """One row for each operation and beam.

    Keys: `operation`, `search_beam`, `lattice_beam`; `cpu_seconds` (of the processor, for all utterances), `seconds`
    (by the clock), `peak_mb` of the process, medians of the rounds; `frame_arcs` and `word_arcs` of all lattices; the
    same of Kaldi with `kaldi_` before; `times_faster` by processor time and `times_faster_clock`.
    """
    rows = []
    for (side, beams), mine in rounds.items():
        theirs = rounds.get((THEIRS, beams), []) if side == OURS else []
        for name in mine[0]["operations"] if side == OURS else ():
            row = {
                "operation": name,
                "search_beam": beams.search,
                "lattice_beam": beams.lattice,
                **_figures(mine, name),
            }
            if theirs and name in theirs[0]["operations"]:
                row.update({f"kaldi_{key}": value for key, value in _figures(theirs, name).items()})
                row["times_faster"] = row["kaldi_cpu_seconds"] / row["cpu_seconds"]
                row["times_faster_clock"] = row["kaldi_seconds"] / row["seconds"]
            rows.append(row)
    return rows


def _figures(rounds: Sequence[Dict[str, Any]], name: str) -> Row:
    measured = [one["operations"][name] for one in rounds]
    arcs = rounds[0]["sizes"]
    return {
        **{key: median(one[key] for one in measured) for key in ("cpu_seconds", "seconds", "peak_mb")},
        "frame_arcs": arcs[FRAMES],
        "word_arcs": arcs[WORDS],
    }


def _write(out: Path, bed: Bed, rows: Sequence[Row], run: Tuple[int, float]) -> str:
    """Writes all results; returns the text of the tables."""
    utterances, facts = len(read_scores(bed.scores).ids), read_facts(bed)
    write_json(out / "lattices.json", {"facts": facts, "rows": list(rows)})
    text = "\n".join(
        [
            *("# Lattices, here and by Kaldi, of the same graph and scores", ""),
            f"{utterances} utterances, {facts['audio_seconds']:.0f} s; milliseconds of one processor an utterance, "
            f"medians of {run[0]} interleaved rounds; load average before it began: {run[1]:.1f}.",
            *("", *overview(rows, utterances), "", "## Arcs of all lattices", "", *sizes(rows), ""),
            *("## All figures", "", *details(rows), ""),
        ]
    )
    write_text(out / "lattices.md", text)
    return text


if __name__ == "__main__":
    sys.exit(main())
