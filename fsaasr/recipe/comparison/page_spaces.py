"""Sections of the page: how much lexicon and language model give, and how much more speech gives."""

from __future__ import annotations

from typing import Dict, List, Tuple

from fsaasr.recipe.comparison.lines import SystemLine
from fsaasr.recipe.comparison.page_summary import ladder_table
from fsaasr.recipe.comparison.results import SetComparison, search_space
from fsaasr.report.page import Section, Text
from fsaasr.report.page.charts import Series, line_chart

_STEPS: Dict[int, str] = {0: "no lexicon", 1: "lexicon", 2: "+ unigram", 3: "+ bigram", 4: "+ trigram"}


def ladder_section(one: SetComparison) -> Tuple[Section, ...]:
    """Error rates by search space; none where no system has two."""
    if not one.ladder:
        return ()
    systems: Dict[str, List[SystemLine]] = {}
    for line in one.lines:
        name = line.name.replace(f" · {line.graph}", "", 1)
        systems.setdefault(name, []).append(line)
    ranks = sorted({search_space(line.lm) for line in one.lines})
    series = [
        _series(name, sorted(lines, key=lambda line: search_space(line.lm)), ranks)
        for name, lines in systems.items()
        if len(lines) > 1
    ]
    labels = [_label(rank) for rank in ranks]
    alt = "word error rates of each system from the largest to the smallest search space"
    chart = line_chart(series, "search space", "word error rate in %", alt, labels)
    text = Text(
        "From left to right the graph knows more: any tokens, words of the lexicon, word frequencies, word order. "
        "Families that learn word order by themselves gain less. A system whose tokens do not mark words has no "
        "first step."
    )
    return (Section("What lexicon and language model give", (text, chart, ladder_table(one.ladder))),)


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
