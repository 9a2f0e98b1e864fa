"""Sections of the page: how much lexicon and language model give, and how much more speech gives."""

from __future__ import annotations

from typing import Dict, List, Tuple

from fsaasr.recipe.comparison.lines import SystemLine
from fsaasr.recipe.comparison.page_summary import ladder_table
from fsaasr.recipe.comparison.results import SetComparison, search_space
from fsaasr.report.page import Cell, Section, Table, Text, number_cell, table_of
from fsaasr.report.page.charts import Series, line_chart

_STEPS: Dict[int, str] = {0: "no lexicon", 1: "lexicon", 2: "+ unigram", 3: "+ bigram", 4: "+ trigram"}
_MOST_DRAWN = 8
"""Lines of a chart that can be told apart."""


def ladder_section(one: SetComparison) -> Tuple[Section, ...]:
    """Error rates by search space; none where no system has two."""
    if not one.ladder:
        return ()
    systems: Dict[str, List[SystemLine]] = {}
    for line in one.lines:
        name = line.name.replace(f" · {line.graph}", "", 1)
        systems.setdefault(name, []).append(line)
    systems = {name: lines for name, lines in systems.items() if len(lines) > 1}
    ranks = sorted({search_space(line.lm) for line in one.lines})
    labels = [_label(rank) for rank in ranks]
    drawn = _drawn(systems)
    series = [_series(name, sorted(systems[name], key=lambda line: search_space(line.lm)), ranks) for name in drawn]
    alt = "word error rates of each system from the largest to the smallest search space"
    chart = line_chart(series, "search space", "word error rate in %", alt, labels)
    some = " Drawn are the best of each family and unit on dev; the table has all." if len(drawn) < len(systems) else ""
    text = Text(
        "From left to right the graph knows more: any tokens, words of the lexicon, word frequencies, word order. "
        "Families that learn word order by themselves gain less. A system whose tokens do not mark words has no "
        f"first step.{some}"
    )
    blocks = (text, chart, _rates(systems, ranks), ladder_table(one.ladder))
    return (Section("What lexicon and language model give", blocks),)


def _drawn(systems: Dict[str, List[SystemLine]]) -> List[str]:
    """All systems, or, of more than a chart can show, the best on dev of each family and unit."""
    if len(systems) <= _MOST_DRAWN:
        return list(systems)
    best: Dict[Tuple[str, str], Tuple[float, str]] = {}
    for name, lines in systems.items():
        errors = min(float("inf") if line.dev_wer is None else line.dev_wer for line in lines)
        kind = (lines[0].family, lines[0].units)
        best[kind] = min(best.get(kind, (errors, name)), (errors, name))
    chosen = {name for _, name in best.values()}
    return [name for name in systems if name in chosen]


def _rates(systems: Dict[str, List[SystemLine]], ranks: List[float]) -> Table:
    rows: List[List[Cell]] = []
    for name, lines in systems.items():
        rates = {search_space(line.lm): line.wer for line in lines}
        rows.append([Cell(name), *(number_cell(rates.get(rank), factor=100) for rank in ranks)])
    columns = ("system", *(_label(rank).replace("\n", " ") for rank in ranks))
    return table_of("Word error rates in % by search space, means over seeds", columns, rows)


def _label(rank: float) -> str:
    whole = int(rank)
    name = _STEPS.get(whole, f"+ {whole - 1}-gram")
    return name if rank == whole else f"{name},\n+ another model"


def _series(name: str, lines: List[SystemLine], ranks: List[float]) -> Series:
    return Series(
        name,
        tuple(float(ranks.index(search_space(line.lm))) for line in lines),
        tuple(100 * line.wer for line in lines),
        tuple(100 * line.ci_low for line in lines),
        tuple(100 * line.ci_high for line in lines),
    )


def hours_section(one: SetComparison) -> Tuple[Section, ...]:
    """Learning curves; none where every system was trained on one amount of speech."""
    curves: Dict[Tuple[str, str, str, str], List[SystemLine]] = {}
    for line in one.lines:
        curves.setdefault((line.experiment, line.system, line.graph, line.engine), []).append(line)
    chosen = {(line.experiment, line.system, line.graph, line.engine) for line in one.lines if line.representative}
    found = {
        place: sorted(lines, key=lambda line: line.hours)
        for place, lines in curves.items()
        if place in chosen and len({line.hours for line in lines}) > 1
    }
    if not found:
        return ()
    series = [
        Series(
            f"{system} · {graph}",
            tuple(line.hours for line in lines),
            tuple(100 * line.wer for line in lines),
            tuple(100 * line.ci_low for line in lines),
            tuple(100 * line.ci_high for line in lines),
        )
        for (_, system, graph, _), lines in found.items()
    ]
    alt = "word error rates over hours of training speech"
    chart = line_chart(series, "hours of training speech", "word error rate in %", alt, logarithmic=True)
    text = Text(
        "Parts of the training data have as much speech of each speaker as they can; dev and test are the same."
    )
    return (Section("How much speech", (text, chart)),)
