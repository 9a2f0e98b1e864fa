"""`python -m tools.bench`: makes the test bed, measures, writes tables and figure; `make bench` calls it."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
from dataclasses import fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from fsaasr.core.errors import FsaasrError
from fsaasr.core.files import write_json, write_text
from tools.bench.bed import Bed, Settings
from tools.bench.build import LETTERS, build, read_facts
from tools.bench.curve import curves, draw
from tools.bench.decoders import DECODERS, Decoder
from tools.bench.measure import ROOT, Measured, Plan, available_cores, measure
from tools.bench.rows import make_rows
from tools.bench.scores_file import read_scores
from tools.bench.table import comparison, details, overview

SMOKE = Settings(str(ROOT / "data/texts/commands.txt"), LETTERS, words=200, utterances=3, per=0.1)
"""A bed that is made in a second."""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the comparison; returns the exit status, 1 where a decoder of this package failed."""
    given = _parser().parse_args(arguments)
    settings, plan = _settings(given), _plan(given)
    try:
        bed = build(settings, given.out, with_k2=find_spec("k2") is not None and not given.smoke)
    except FsaasrError as error:
        sys.exit(str(error))
    load = os.getloadavg()[0]
    measured = measure(_decoders(given), bed, plan)
    print(_write(given.out, bed, plan, measured, load))
    return int(any(entry.failure and entry.decoder.own for entry in measured))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    for name, kind in (("text", str), ("lexicon", str), ("scores", str), ("seed", int), ("words", int)):
        parser.add_argument(f"--{name}", type=kind)
    parser.add_argument("--utterances", type=int)
    parser.add_argument("--per", type=float, help="greedy phone error rate of the synthetic scores")
    parser.add_argument("--beams", type=float, nargs="+", default=[6.0, 8.0, 10.0, 12.0, 14.0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--min-active", type=int, default=20, help="states expanded a frame at least")
    parser.add_argument("--only", default="", help="only decoders with this in their name")
    parser.add_argument("--smoke", action="store_true", help="a toy bed and this package's decoders, in seconds")
    parser.add_argument("--out", type=Path, default=ROOT / "build/bench")
    parser.add_argument("--kaldi-python", default=sys.executable, help="interpreter that has kaldi-hmm-gmm")
    return parser


def _settings(given: argparse.Namespace) -> Settings:
    if given.smoke:
        return SMOKE
    chosen = {field.name: getattr(given, field.name) for field in fields(Settings)}
    return Settings(**{name: value for name, value in chosen.items() if value is not None})


def _decoders(given: argparse.Namespace) -> List[Decoder]:
    chosen = [decoder for decoder in DECODERS if given.only in decoder.name]
    return [replace(decoder, threads=(1,)) for decoder in chosen if decoder.own] if given.smoke else chosen


def _plan(given: argparse.Namespace) -> Plan:
    beams, rounds = ([8.0, 16.0], 2) if given.smoke else (sorted(given.beams), given.rounds)
    pythons = {"bench": sys.executable, "bench-kaldi": given.kaldi_python}
    return Plan(tuple(beams), rounds, pythons, given.min_active)


def _write(out: Path, bed: Bed, plan: Plan, measured: Sequence[Measured], load: float) -> str:
    """Writes all results; returns the text of the tables."""
    facts = read_facts(bed)
    rows = make_rows(measured, read_scores(bed.scores))
    curve = curves(rows)
    write_json(out / "decode.json", rows)
    write_json(out / "curve.json", curve)
    draw(curve, out / "decode.png", _title(facts))
    text = "\n".join(
        [
            *("# Decoders on the same graph and scores", "", *_heading(facts, plan, load), ""),
            *(*overview(rows), "", *_failures(measured)),
            *("## Times faster, by the clock", "", *comparison(rows), ""),
            *("## Times faster, by processor time", "", *comparison(rows, "rtf_cpu"), ""),
            *("## All figures", "", *details(rows), ""),
        ]
    )
    write_text(out / "decode.md", text)
    return text


def _title(facts: Dict[str, Any]) -> str:
    states, arcs = facts["static_graph"]
    return (
        f"{facts['words']:,} words, static graph of {states:,} states and {arcs:,} arcs, "
        f"{facts['audio_seconds']:.0f} s of scores; numbers are beams"
    )


def _heading(facts: Dict[str, Any], plan: Plan, load: float) -> List[str]:
    per = f", greedy phone error rate {100 * facts['greedy_per']:.1f} %" if "greedy_per" in facts else ""
    ngrams = " + ".join(f"{count:,}" for count in facts["ngrams"])
    states, arcs = facts["token_graph"]
    return [
        f"{_title(facts)}; graph of tokens: {states:,} states, {arcs:,} arcs; {ngrams} n-grams; "
        f"{facts['utterances']} utterances, {facts['reference_words']} words{per}.",
        "",
        f"Decoding time over audio time (word error rate, %): medians of {plan.rounds} interleaved rounds, each "
        f"decoder in a process of its own, pinned to as many cores as it has threads; min_active {plan.min_active}.",
        "",
        f"{platform.machine()}, {len(available_cores())} cores, Python {platform.python_version()}, "
        f"{datetime.date.today().isoformat()}; load average before it began: {load:.1f}.",
    ]


def _failures(measured: Sequence[Measured]) -> List[str]:
    lines = [
        f"* failed in round {len(entry.rounds) + 1}: {entry.decoder.name}, threads {entry.task.threads}: "
        f"{entry.failure}"
        for entry in measured
        if entry.failure
    ]
    return [*lines, ""] if lines else []


if __name__ == "__main__":
    sys.exit(main())
