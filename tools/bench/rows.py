"""Rows of the table from what was measured."""

from __future__ import annotations

from statistics import median
from typing import Any, Dict, List, Optional, Sequence, Tuple

from fsaasr.evaluate import word_errors
from tools.bench.decoders import REFERENCE
from tools.bench.measure import Measured
from tools.bench.scores_file import ScoreSet

Row = Dict[str, Any]
Utterances = List[Dict[str, Any]]


def make_rows(measured: Sequence[Measured], scores: ScoreSet) -> List[Row]:
    """One row for each decoder, beam and number of threads that was measured.

    Keys: `decoder`, `beam`, `wer` (fraction), `rtf` (decoding time over audio time, the median of the rounds),
    `peak_mb`, `threads`, `lattice`; `rtf_best_path` (what reading the best path out of the lattices adds, 0 where
    it is part of `rtf`), `rtf_cpu` (processor time in place of the clock's: what other processes do to the machine
    shows less in it), `rtf_lowest`, `rtf_highest`, `load_s` (graph from disk), `start_s` (first search of a
    fresh process), `rounds`, `min_active`, `max_active`. Where the reference decoder ran at this beam:
    `same_as_kaldi` (share of utterances with its words) and `score_difference` (mean of absolute differences of
    the best path's total log score, over the utterances with equal words).
    """
    reference = _reference(measured)
    rows = []
    for entry in measured:
        for index in range(len(entry.rounds[0]["beams"]) if entry.rounds else 0):
            beam = entry.rounds[0]["beams"][index]["beam"]
            rows.append(_row(entry, index, scores, reference.get(beam)))
    return rows


def _row(entry: Measured, index: int, scores: ScoreSet, reference: Optional[Utterances]) -> Row:
    rounds = [result["beams"][index] for result in entry.rounds]
    times = [median(result["seconds"]) / scores.seconds for result in rounds]
    found = rounds[0]["found"]
    row: Row = {
        "decoder": entry.decoder.name,
        "beam": rounds[0]["beam"],
        "wer": _wer(found, scores),
        "rtf": median(times),
        "peak_mb": median(result["peak_mb"] for result in rounds),
        "threads": entry.task.threads,
        "lattice": entry.decoder.lattice,
        "rtf_cpu": median(median(result["cpu_seconds"]) for result in rounds) / scores.seconds,
        "rtf_best_path": median(result["read_out_s"] for result in rounds) / scores.seconds,
        "rtf_lowest": min(times),
        "rtf_highest": max(times),
        "load_s": median(result["load_s"] for result in entry.rounds),
        "start_s": median(result["start_s"] for result in entry.rounds),
        "rounds": len(rounds),
        "min_active": entry.task.min_active,
        "max_active": entry.task.max_active,
        **rounds[0]["notes"],
    }
    return {**row, **_agreement(found, reference)}


def _wer(found: Utterances, scores: ScoreSet) -> float:
    references = {name: text.split() for name, text in zip(scores.ids, scores.references)}
    return word_errors(references, {name: one["words"] for name, one in zip(scores.ids, found)}).wer


def _reference(measured: Sequence[Measured]) -> Dict[float, Utterances]:
    """What the reference decoder found at each beam."""
    for entry in measured:
        if entry.decoder.name == REFERENCE and entry.rounds:
            return {result["beam"]: result["found"] for result in entry.rounds[0]["beams"]}
    return {}


def _agreement(found: Utterances, reference: Optional[Utterances]) -> Row:
    if reference is None:
        return {}
    same = [(a, b) for a, b in zip(found, reference) if a["words"] == b["words"]]
    gaps: List[Tuple[float, float]] = [(a["score"], b["score"]) for a, b in same if a["score"] is not None]
    difference = sum(abs(a - b) for a, b in gaps) / len(gaps) if gaps else None
    return {"same_as_kaldi": len(same) / len(found), "score_difference": difference}
