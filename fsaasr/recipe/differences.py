"""What tests say of the differences between an experiment's systems, as published beside its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

HEADER = ("system", "graph", "seeds", "WER %", "difference", "p", "p corrected")


@dataclass(frozen=True)
class Difference:
    """A system with one graph against the baseline.

    Attributes:
      system: without its seed. graph: of the recipe. seeds: trainings.
      wer: mean word error rate, a fraction; intervals stand with the results' rows.
      difference: its error rate less the baseline's. p: that both are equally good, by matched pairs. p_adjusted: that,
        corrected for the number of rows, of those that stand for their systems or of the others. All three are None for
        the baseline.
      representative: whether the system was best with this graph on dev.
    """

    system: str
    graph: str
    seeds: int
    wer: float
    difference: Optional[float]
    p: Optional[float]
    p_adjusted: Optional[float]
    representative: bool = True


@dataclass(frozen=True)
class Differences:
    """All systems on one test set.

    Attributes:
      test_set: its splits.
      baseline: system and graph of the fewest errors on dev, which the others are tested against.
      rows: in the recipe's order.
      decidable: sentences on what the test set can and cannot decide.
    """

    test_set: str
    baseline: str
    rows: Tuple[Difference, ...]
    decidable: Tuple[str, ...]


def p_text(p: Optional[float]) -> str:
    """A p-value as papers print it; empty for None."""
    if p is None:
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def differences_markdown(differences: Sequence[Differences]) -> List[str]:
    """Lines of the section on differences; none without any."""
    if not differences:
        return []
    lines = [
        "",
        "## Which differences are more than chance",
        "",
        "Of the systems of this run: each against the one of fewest errors on dev, by matched pairs of segments "
        "(MAPSSWE; with seeds, the spread over them counts). Rates are means over seeds. The first table has each "
        "system with the graph that was best on dev; p is corrected for the number of rows of its table (Holm).",
    ]
    for one in differences:
        lines += ["", f"### {one.test_set}: against {one.baseline}"]
        for chosen in (True, False):
            rows = [row for row in one.rows if row.representative == chosen]
            lines += _table(rows) if rows else []
        lines += ["", *(f"- {sentence}" for sentence in one.decidable)]
    return lines


def _table(rows: Sequence[Difference]) -> List[str]:
    return [
        "",
        "| " + " | ".join(HEADER) + " |",
        "|" + "---|" * 2 + "---:|" * (len(HEADER) - 2),
        *("| " + " | ".join(_cells(row)) + " |" for row in rows),
    ]


def _cells(row: Difference) -> Tuple[str, ...]:
    return (
        *(row.system, row.graph, str(row.seeds), f"{100 * row.wer:.2f}"),
        "" if row.difference is None else f"{100 * row.difference:+.2f}",
        *(p_text(p) for p in (row.p, row.p_adjusted)),
    )
