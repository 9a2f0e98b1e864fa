"""Sections of the page: what each line costs, and what data each system needs."""

from __future__ import annotations

from typing import List, Tuple

from fsaasr.recipe.combination import COMBINED
from fsaasr.recipe.comparison.entries import Entry
from fsaasr.recipe.comparison.results import SetComparison
from fsaasr.recipe.families.needs import NEEDS, Needs
from fsaasr.report.page import Block, Cell, Section, Text, number_cell, table_of
from fsaasr.report.page.charts import Series, line_chart, stack_chart

_MARKED = ("marked-characters", "bpe", "unigram")
"""Units that mark where words begin, so that words come out without a lexicon."""


def costs_section(one: SetComparison) -> Section:
    """Time, memory and sizes."""
    columns: Tuple[str, ...] = (
        "system",
        "graph",
        "RTF features",
        "RTF encoder",
        "RTF search",
        "RTF model + search",
        "MiB",
    )
    columns += ("parameters", "training min", "model KiB", "graph KiB", "states", "arcs")
    rows = [
        [
            *(Cell(line.system), Cell(line.graph)),
            *(number_cell(v, "{:.4f}") for v in (line.rtf_features, line.rtf_encoder, line.rtf_search, line.rtf)),
            number_cell(line.peak_mb, "{:.0f}"),
            number_cell(line.parameters or None, "{:,.0f}"),
            number_cell(line.train_minutes, "{:.2f}"),
            *(number_cell(size, "{:,.1f}", 1 / 1024) for size in (line.model_bytes, line.graph_bytes)),
            *(number_cell(count, "{:,.0f}") for count in (line.states, line.arcs)),
        ]
        for line in one.lines
    ]
    blocks: List[Block] = [
        Text(
            "Real-time factors are seconds of one core for a second of audio, processor time; minutes of training are "
            "those of one training on one core, without the models that it started from. MiB: peak of the process that "
            "decoded."
        )
    ]
    timed = [line for line in one.lines if line.representative and line.rtf_encoder is not None]
    if timed:
        parts = [
            ("features", [line.rtf_features or 0.0 for line in timed]),
            ("encoder", [line.rtf_encoder or 0.0 for line in timed]),
            ("search", [line.rtf_search or 0.0 for line in timed]),
        ]
        names = [line.name for line in timed]
        blocks.append(stack_chart(names, parts, "real-time factor", "real-time factors, split into three parts"))
    sized = [line for line in one.lines if line.representative and line.parameters]
    if len(sized) > 1:
        series = [
            Series(line.name, (float(line.parameters),), (100 * line.wer,), (100 * line.ci_low,), (100 * line.ci_high,))
            for line in sized
        ]
        alt = "word error rates over the number of parameters"
        blocks.append(line_chart(series, "parameters", "word error rate in %", alt, logarithmic=True, joined=False))
    blocks.append(table_of("Costs of all lines", columns, rows, 2))
    return Section("What it costs", tuple(blocks))


def needs_section(one: SetComparison) -> Section:
    """What data each system was trained with, and what recognition needs."""
    columns: Tuple[str, ...] = (
        "system",
        "family",
        "pronunciations",
        "alignments or start",
        "text in training",
        "text for the LM",
    )
    columns += ("works without lexicon", "gives durations", "transcribed speech, h")
    rows, seen = [], set()
    for entry in one.entries.values():
        place = (entry.experiment.folder, entry.system, entry.first.split)
        if place in seen:
            continue
        seen.add(place)
        rows.append(_needs_row(one, entry))
    note = (
        "Every family is trained on speech with its transcripts. Pronunciations are those of a lexicon of phones; "
        "systems of letters are spelled from the word list alone. Text for the LM is that of the graphs that were "
        "decoded with."
    )
    return Section(
        "What data each family needs",
        (Text(note), table_of("What each system was trained and decoded with", columns, rows, 8)),
    )


def _needs_row(one: SetComparison, entry: Entry) -> List[Cell]:
    line = next(line for line in one.lines if one.entries[line.name] is entry)
    if entry.first.family == COMBINED:
        members = ", ".join(entry.experiment.spec.combinations[entry.first.system])
        return [Cell(entry.system), Cell(COMBINED), Cell(f"those of {members}"), *(Cell("") for _ in range(6))]
    needs = NEEDS.get(entry.first.family, Needs())
    own = [
        other.first
        for other in one.entries.values()
        if (other.experiment.folder, other.system) == (entry.experiment.folder, entry.system)
    ]
    spec = entry.experiment.spec.systems.get(entry.first.system)
    start = f"{needs.start}: {spec.start}" if needs.start and spec is not None and spec.start else needs.start or "none"
    texts = sorted({row.lm for row in own if "gram" in row.lm})
    return [
        *(Cell(entry.system), Cell(entry.first.family)),
        Cell("no, spelled" if entry.first.units in ("characters", *_MARKED) else "yes"),
        *(Cell(start), Cell(needs.text or "none")),
        Cell(", ".join(texts) or "none"),
        Cell("yes" if entry.first.units in _MARKED else "no"),
        Cell("yes" if needs.times else "no"),
        number_cell(line.hours, "{:.2f}"),
    ]
