"""`python -m tools.bench.unknown`: words out of vocabulary; `make bench-unknown` calls it."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from fsaasr.core.errors import FsaasrError
from fsaasr.core.files import write_json, write_text
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.decode import SearchOptions, SpellingFallback, fill_empty, one_best, spelling_fallback
from fsaasr.evaluate import ErrorReport, UnknownWordReport, unknown_word_report, word_errors
from fsaasr.graph import TokenGraph, UnknownWord, compile_token_graph, unknown_word
from tools.bench.bed import Settings
from tools.bench.build import LETTERS
from tools.bench.measure import ROOT
from tools.bench.unknown.bed import OpenBed, TestSet, make_bed

SCORES = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Of each unknown word; the greatest is taken that costs little on development sentences of known words alone."""
COST = 0.001
"""Word error rate that it may cost there, absolute."""


@dataclass(frozen=True)
class Row:
    """One graph on one set."""

    name: str
    errors: ErrorReport
    unknown: UnknownWordReport


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Makes the bed, decodes, writes `unknown.md` and `unknown.json`."""
    given = _parser().parse_args(arguments)
    settings = Settings(given.text, given.lexicon, None, given.seed, given.words, given.utterances, given.per)
    if given.smoke:
        settings = Settings(str(ROOT / "data/texts/commands.txt"), LETTERS, words=60, utterances=6, per=0.1)
    try:
        bed = make_bed(settings, given.out, given.share)
    except FsaasrError as error:
        sys.exit(str(error))
    text, values = run(bed, given.order, SearchOptions(search_beam=given.beam))
    write_text(given.out / "unknown.md", text)
    write_json(given.out / "unknown.json", values)
    print(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.unknown", description=__doc__)
    parser.add_argument("--text")
    parser.add_argument("--lexicon")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--words", type=int, default=20_000, help="words that are said")
    parser.add_argument("--utterances", type=int, default=100, help="of each of the three sets")
    parser.add_argument("--per", type=float, default=0.1, help="greedy phone error rate of the synthetic scores")
    parser.add_argument("--share", type=float, default=0.1, help="of the words said: not in the lexicon")
    parser.add_argument("--order", type=int, default=3, help="of the n-gram model of phones")
    parser.add_argument("--beam", type=float, default=14.0)
    parser.add_argument("--smoke", action="store_true", help="a toy, in seconds")
    parser.add_argument("--out", type=Path, default=ROOT / "build/bench")
    return parser


def run(bed: OpenBed, order: int, options: SearchOptions) -> Any:
    """Decodes with the closed lexicon and with unknown words; the table as text, and all figures."""
    closed = compile_token_graph(bed.closed, bed.model, "ctc", tokens=bed.spoken.tokens)
    tried = {score: _open(bed, order, score) for score in SCORES}
    rows: Dict[str, List[Row]] = {}
    for name, part in (("development", bed.dev), ("development, known words alone", bed.known_dev)):
        rows[name] = [_row("closed", bed, closed, part, options)]
        rows[name] += [_row(_name(score), bed, graph, part, options) for score, graph in tried.items()]
    before, *after = (row.errors.wer for row in rows["development, known words alone"])
    best = max((score for score, wer in zip(SCORES, after) if wer <= before + COST), default=min(SCORES))
    fallback = spelling_fallback(bed.closed, _unknown(bed, order, best), tokens=bed.spoken.tokens)
    for name, part in (("test", bed.test), ("test, known words alone", bed.known)):
        opened = _row(_name(best), bed, tried[best], part, options, fallback)
        rows[name] = [_row("closed", bed, closed, part, options), opened]
    sizes = f"closed graph {closed.fst.num_arcs:,} arcs, open {tried[best].fst.num_arcs:,} arcs"
    return _text(bed, rows, sizes), {name: [_values(row) for row in part] for name, part in rows.items()}


def _name(score: float) -> str:
    return f"open, score {score:+g}"


def _unknown(bed: OpenBed, order: int, score: float) -> UnknownWord:
    return unknown_word(bed.closed, order, score=score, probability=bed.unknown_share)


def _open(bed: OpenBed, order: int, score: float) -> TokenGraph:
    unknown = _unknown(bed, order, score)
    return compile_token_graph(bed.closed, bed.model, "ctc", tokens=bed.spoken.tokens, unknown=unknown)


def _row(
    name: str,
    bed: OpenBed,
    graph: TokenGraph,
    part: TestSet,
    options: SearchOptions,
    fallback: Optional[SpellingFallback] = None,
) -> Row:
    found: List[Hypothesis] = one_best(graph, part.scores, options)
    if fallback is not None:
        found = fill_empty(found, part.scores, fallback, options)
    words = {hypothesis.utterance: hypothesis.words for hypothesis in found}
    named = {utterance: [word.name for word in spans] for utterance, spans in words.items()}
    vocabulary = set(bed.closed.words.names[1:])
    report = unknown_word_report(part.references, words, vocabulary, bed.spoken)
    return Row(name, word_errors(part.references, named), report)


def _values(row: Row) -> Dict[str, Any]:
    u = row.unknown
    return {
        "name": row.name,
        "wer": row.errors.wer,
        "wer_unknown_noticed": (row.errors.errors - u.detected) / row.errors.words,
        "known_errors": u.known_errors / max(u.known, 1),
        "insertions": u.insertions,
        "unknown_share": u.unknown / (u.unknown + u.known),
        "recall": u.recall if u.unknown else None,
        "precision": u.precision if u.claimed else None,
        "false_alarms": u.false_alarms,
        "spelling_errors": u.spelling_error_rate if u.tokens else None,
        "spelt_right": u.spelt_right / u.spelt if u.spelt else None,
        "empty": len(u.empty),
    }


_HEAD = (
    *("graph", "WER", "noticed", "known", "recall", "precision", "phone errors", "spelt right"),
    *("false alarms", "empty"),
)
_COLUMNS = ("wer", "wer_unknown_noticed", "known_errors", "recall", "precision", "spelling_errors", "spelt_right")


def _text(bed: OpenBed, rows: Dict[str, List[Row]], sizes: str) -> str:
    words = len(bed.closed.words) - 1
    lines = [
        "# Words out of vocabulary",
        "",
        f"{len(bed.spoken.words) - 1:,} words are said, {words:,} are known; {sizes}.",
        "Percentages; *noticed*: an unknown word that comes out as one is no error; *known*: substitutions and",
        "deletions of known words.",
    ]
    for name, part in rows.items():
        values = [_values(row) for row in part]
        lines += [
            "",
            f"## {name}: {part[0].errors.words:,} words, {100 * values[0]['unknown_share']:.1f} % of them unknown",
            "",
            f"| {' | '.join(_HEAD)} |",
            "|---" * len(_HEAD) + "|",
        ]
        for value in values:
            shown = ["-" if value[key] is None else f"{100 * value[key]:.2f}" for key in _COLUMNS]
            lines.append(f"| {value['name']} | {' | '.join(shown)} | {value['false_alarms']} | {value['empty']} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
