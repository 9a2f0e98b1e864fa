"""Tables of a comparison as files: CSV with all fields, Markdown and LaTeX with those that a paper shows."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields
from typing import Iterable, List, Optional, Sequence, Tuple

from fsaasr.evaluate.significance import LEVEL
from fsaasr.recipe.comparison.lines import SystemLine
from fsaasr.recipe.comparison.results import SetComparison
from fsaasr.recipe.differences import p_text

HEADER: Tuple[str, ...] = (
    "system",
    "graph",
    "units",
    "h",
    "seeds",
    "WER %",
    "95 % interval",
    "oracle %",
    "difference",
    "p",
    "RTF",
)
HEADER += ("MiB", "parameters", "minutes")
_TEXT_COLUMNS = 3


def csv_table(sets: Iterable[SetComparison]) -> str:
    """All lines with all fields; numbers as they are."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    names = [field.name for field in fields(SystemLine)]
    writer.writerow(["test_set", *names])
    for one in sets:
        for line in one.lines:
            values = asdict(line)
            writer.writerow([one.name, *("" if values[name] is None else values[name] for name in names)])
    return buffer.getvalue()


def cells(line: SystemLine) -> Tuple[str, ...]:
    """A line as text, under `HEADER`."""
    return (
        *(line.system, line.graph, line.units, f"{line.hours:.2f}", str(line.seeds), f"{100 * line.wer:.2f}"),
        f"{100 * line.ci_low:.2f} – {100 * line.ci_high:.2f}",
        _percent(line.oracle_wer),
        "" if line.difference is None else f"{100 * line.difference:+.2f}",
        p_text(line.p_adjusted),
        "–" if line.rtf is None else f"{line.rtf:.4f}",
        "–" if line.peak_mb is None else f"{line.peak_mb:.0f}",
        f"{line.parameters:,}" if line.parameters else "–",
        "–" if line.train_minutes is None else f"{line.train_minutes:.1f}",
    )


def _percent(value: Optional[float]) -> str:
    return "–" if value is None else f"{100 * value:.2f}"


def markdown_table(sets: Sequence[SetComparison]) -> str:
    """A section for each test set: its table, and what the numbers can decide."""
    lines: List[str] = []
    for one in sets:
        lines += [
            f"## {one.name}: {one.decidable.utterances} utterances, {one.decidable.words} words",
            "",
            "| " + " | ".join(HEADER) + " |",
            "|" + "---|" * _TEXT_COLUMNS + "---:|" * (len(HEADER) - _TEXT_COLUMNS),
            *("| " + " | ".join(_bold(cells(line), line == _best(one))) + " |" for line in one.lines),
            "",
            f"Difference and p (matched pairs, corrected): against `{one.baseline}`.",
            "",
            *(f"- {sentence}" for sentence in decidable_sentences(one)),
            "",
        ]
    return "\n".join(lines)


def _bold(values: Sequence[str], best: bool) -> List[str]:
    return [f"**{value}**" if best and place == HEADER.index("WER %") else value for place, value in enumerate(values)]


def _best(one: SetComparison) -> SystemLine:
    return min(one.lines, key=lambda line: line.wer)


def latex_table(sets: Sequence[SetComparison]) -> str:
    """A `tabular` of booktabs for each test set, for a paper; the lowest rate bold, significant differences starred."""
    lines = ["% needs \\usepackage{booktabs}"]
    columns: Tuple[str, ...] = (
        "system",
        "graph",
        "WER [\\%]",
        "95\\,\\% interval",
        "$\\Delta$",
        "$p$",
        "RTF",
        "parameters",
    )
    for one in sets:
        lines += [
            f"% {one.name}",
            "\\begin{tabular}{llrrrrrr}",
            "\\toprule",
            " & ".join(columns) + " \\\\",
            "\\midrule",
        ]
        for line in one.lines:
            rate = f"{100 * line.wer:.2f}"
            star = "$^{*}$" if line.p_adjusted is not None and line.p_adjusted <= LEVEL else ""
            values = (
                *(_escaped(line.system), _escaped(line.graph)),
                f"\\textbf{{{rate}}}" if line == _best(one) else rate,
                f"{100 * line.ci_low:.2f}--{100 * line.ci_high:.2f}",
                "" if line.difference is None else f"${100 * line.difference:+.2f}${star}",
                p_text(line.p_adjusted).replace("< ", "$<$"),
                "--" if line.rtf is None else f"{line.rtf:.4f}",
                f"{line.parameters:,}" if line.parameters else "--",
            )
            lines.append(" & ".join(values) + " \\\\")
        lines += ["\\bottomrule", "\\end{tabular}"]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    for character in "\\&%$#_{}":
        text = text.replace(character, "\\" + character if character != "\\" else "\\textbackslash ")
    return text


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def decidable_sentences(one: SetComparison) -> List[str]:
    """What the test set can and cannot decide, in words."""
    found = one.decidable
    speakers = f" of {_many(found.speakers, 'speaker')}" if found.speakers else ""
    sentences = [
        f"{found.words} words in {found.utterances} utterances{speakers}: no difference below "
        f"{100 * found.floor:.2f} % can be significant here, whatever the systems, as fewer than "
        f"{round(found.floor * found.words)} segments could all favour one of them by chance."
    ]
    if found.typical is not None and found.least is not None and found.most is not None:
        sentences.append(
            f"Between these systems, matched pairs show differences from {100 * found.typical:.2f} % on (median; "
            f"{100 * found.least:.2f} to {100 * found.most:.2f} %); smaller ones are neither shown nor excluded."
        )
        sentences.append(
            f"Of {_many(found.pairs, 'pair')} of systems, {found.significant} differ with p of at most {LEVEL}, and "
            f"{found.significant_adjusted} after the correction for {_many(found.pairs, 'comparison')}."
        )
    if found.words_needed:
        sentences.append(
            f"To tell the two best systems apart, about {found.words_needed:,} words would be needed, if their errors "
            "were spread as they are here."
        )
    return sentences
