"""Sections of the page: what was found, the table, the tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Sequence, Tuple

from fsaasr.evaluate import Comparison
from fsaasr.evaluate.significance import LEVEL
from fsaasr.recipe.comparison.lines import SystemLine
from fsaasr.recipe.comparison.results import SetComparison
from fsaasr.recipe.comparison.tables import decidable_sentences
from fsaasr.recipe.differences import p_text
from fsaasr.report.page import Block, Cell, Points, Section, Table, Text, number_cell, table_of
from fsaasr.report.page.charts import Bar, interval_chart

COLUMNS: Tuple[str, ...] = (
    "system",
    "graph",
    "family",
    "units",
    "WER %",
    "95 % interval",
    "by speaker",
    "seeds",
    "lowest – highest",
)
COLUMNS += ("sub", "ins", "del", "dev WER %", "oracle %", "depth", "difference", "p", "p corrected")


def summary_section(one: SetComparison) -> Section:
    """What was found, in sentences; and what cannot be said."""
    chosen = sorted((line for line in one.lines if line.representative), key=lambda line: line.wer)
    best, worst = chosen[0], chosen[-1]
    found = [
        f"Lowest word error rate of the systems compared: {best.system} with graph {best.graph}, "
        f"{100 * best.wer:.2f} % (95 % interval {100 * best.ci_low:.2f} to {100 * best.ci_high:.2f} %); "
        f"highest: {worst.system} with {worst.graph}, {100 * worst.wer:.2f} %.",
        *_family_sentences(chosen, one.pairs),
    ]
    return Section(
        f"What was found: {one.name}",
        (
            Points(tuple(found)),
            Text("What this test set can and cannot decide:"),
            Points(tuple(decidable_sentences(one))),
            Text(
                "Each system stands here with the graph of its fewest errors on dev; the test data choose nothing. "
                "Several trainings of a system count by their mean, and tests of them take the spread over seeds into "
                "account. A p-value says how often a difference at least as large comes about between systems that "
                "are equally good; it says nothing of how large the difference is: the intervals do.",
                faint=True,
            ),
        ),
    )


def _family_sentences(chosen: Sequence[SystemLine], pairs: Sequence[Comparison]) -> List[str]:
    """The best systems of each family against the best of all."""
    by_family: Dict[str, SystemLine] = {}
    for line in chosen:
        by_family.setdefault(line.family, line)
    tests = {frozenset((pair.first, pair.second)): pair for pair in pairs}
    best, *others = by_family.values()
    sentences = []
    for other in others:
        pair = tests[frozenset((best.name, other.name))]
        verdict = "differ" if pair.p_adjusted <= LEVEL else "cannot be told apart on this test set"
        sentences.append(
            f"The best {best.family} and the best {other.family} system ({best.system}, {other.system}) {verdict}: "
            f"{100 * (other.wer - best.wer):.2f} % apart, p = {p_text(pair.p_adjusted)} corrected."
        )
    return sentences


def table_section(one: SetComparison) -> Section:
    """All lines with their intervals and tests against the baseline."""
    bars = [
        Bar(line.name, line.family, 100 * line.wer, 100 * line.ci_low, 100 * line.ci_high)
        for line in sorted(one.lines, key=lambda line: line.wer)
    ]
    chart = interval_chart(bars, "word error rate in %", "word error rates of all lines with their 95 % intervals")
    best = min(line.wer for line in one.lines)
    rows = [_row(line, line.wer == best) for line in one.lines]
    caption = (
        f"All lines; bold: lowest rate. Difference and p: against {one.baseline}, the best on dev, by matched pairs "
        "(MAPSSWE), corrected among the lines that stand for their systems, the best of each on dev, and among the "
        "others. Press a heading to sort."
    )
    return Section("Word error rates", (chart, table_of(caption, COLUMNS, rows, 4)))


def _row(line: SystemLine, best: bool) -> List[Cell]:
    speakers = Cell("–")
    if line.speaker_low is not None and line.speaker_high is not None:
        speakers = _range(line.speaker_low, line.speaker_high)
    return [
        *(Cell(name) for name in (line.system, line.graph, line.family, line.units)),
        number_cell(line.wer, factor=100, strong=best),
        _range(line.ci_low, line.ci_high),
        speakers,
        number_cell(line.seeds, "{:.0f}"),
        _range(line.lowest, line.highest) if line.seeds > 1 else Cell("–"),
        *(number_cell(value, "{:.1f}" if line.seeds > 1 else "{:.0f}") for value in _kinds(line)),
        number_cell(line.dev_wer, factor=100),
        number_cell(line.oracle_wer, factor=100),
        number_cell(line.lattice_depth),
        Cell("baseline") if line.difference is None else number_cell(line.difference, "{:+.2f}", 100),
        _p_cell(line.p, False),
        _p_cell(line.p_adjusted, True),
    ]


def _kinds(line: SystemLine) -> Tuple[float, float, float]:
    return line.substitutions, line.insertions, line.deletions


def _range(low: float, high: float) -> Cell:
    return Cell(f"{100 * low:.2f} – {100 * high:.2f}", low)


def _p_cell(p: float | None, strong: bool) -> Cell:
    if p is None:
        return Cell("–")
    return Cell(p_text(p), p, strong=strong and p <= LEVEL)


def tests_section(one: SetComparison) -> Section:
    """A matrix of all pairs, and their list with all numbers."""
    blocks: List[Block] = [
        Text(
            "Each cell: error rate of the row's system less that of the column's, in %. Green: lower, significant at "
            f"{LEVEL} after the correction for all pairs (also marked *); red: higher, likewise; without colour, the "
            "test set does not tell them apart."
        ),
        _matrix(one),
        replace(_pair_table("All pairs of systems", one.pairs), folded=f"All {len(one.pairs)} pairs with all numbers"),
    ]
    return Section("Which differences are more than chance", tuple(blocks))


def _matrix(one: SetComparison) -> Table:
    chosen = [line for line in one.lines if line.representative]
    tests = {(pair.first, pair.second): pair for pair in one.pairs}
    rows = []
    for line in chosen:
        row = [Cell(line.name)]
        for other in chosen:
            pair, sign = tests.get((line.name, other.name)), 1
            if pair is None:
                pair, sign = tests.get((other.name, line.name)), -1
            row.append(Cell("") if pair is None else _difference_cell(pair, sign))
        rows.append(row)
    return table_of("Differences of all pairs", ("system", *(line.name for line in chosen)), rows)


def _difference_cell(pair: Comparison, sign: int) -> Cell:
    difference = sign * pair.matched.difference
    significant = pair.p_adjusted <= LEVEL
    tone = ("good" if difference < 0 else "bad") if significant else ""
    text = f"{100 * difference:+.2f}" + (" *" if significant else "")
    return Cell(text, difference, tone=tone, title=f"p {p_text(pair.p_adjusted)} corrected, {p_text(pair.p)} alone")


def _pair_table(caption: str, pairs: Sequence[Comparison]) -> Table:
    columns: Tuple[str, ...] = (
        "first",
        "second",
        "difference",
        "interval",
        "first better",
        "segments",
        "differing",
        "z",
    )
    columns += ("p, these models", "p, methods", "p corrected", "p bootstrap", "detectable")
    rows = [
        [
            *(Cell(pair.first), Cell(pair.second)),
            number_cell(pair.matched.difference, "{:+.2f}", 100),
            Cell(f"{100 * pair.bootstrap.low:+.2f} – {100 * pair.bootstrap.high:+.2f}", pair.bootstrap.low),
            number_cell(pair.bootstrap.improvement, "{:.0f} %", 100),
            number_cell(pair.matched.segments, "{:.0f}"),
            number_cell(pair.matched.differing, "{:.0f}"),
            number_cell(pair.matched.z),
            _p_cell(pair.matched.p, False),
            _p_cell(pair.matched.p_methods, False),
            _p_cell(pair.p_adjusted, True),
            _p_cell(pair.bootstrap.p, False),
            number_cell(pair.matched.smallest_difference, "{:.2f}", 100),
        ]
        for pair in pairs
    ]
    return table_of(
        f"{caption}: matched pairs, and bootstrap (interval, share of test sets on which the first is better). "
        "Detectable: the smallest difference that would be significant, in %",
        columns,
        rows,
        2,
    )


def ladder_table(pairs: Sequence[Comparison]) -> Table:
    """Neighbouring search spaces of one system against each other."""
    return _pair_table("Search spaces, the larger one first", pairs)
