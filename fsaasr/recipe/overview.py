"""Word error rates at a glance: a line for each system, a column for each graph."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from fsaasr.recipe.result_rows import ResultRow

Line = Tuple[str, str, str]
"""Split, system without its seed, engine."""


def overview_markdown(rows: Sequence[ResultRow]) -> List[str]:
    """Lines of the table; none where there is one graph alone, of which the rows themselves tell all."""
    graphs = list(dict.fromkeys(row.graph for row in rows))
    if len(graphs) < 2:
        return []
    rates: Dict[Line, Dict[str, List[float]]] = {}
    for row in rows:
        line = (row.split, row.group or row.system, row.engine)
        rates.setdefault(line, {}).setdefault(row.graph, []).append(row.wer)
    return [
        "",
        "## What each graph makes of each system",
        "",
        "Word error rates in %, means over seeds.",
        "",
        "| " + " | ".join(("split", "system", "engine", "seeds", *graphs)) + " |",
        "|" + "---|" * 3 + "---:|" * (1 + len(graphs)),
        *("| " + " | ".join(_cells(line, found, graphs)) + " |" for line, found in rates.items()),
    ]


def _cells(line: Line, found: Dict[str, List[float]], graphs: Sequence[str]) -> Tuple[str, ...]:
    seeds = max(len(rates) for rates in found.values())
    return (*line, str(seeds), *(_mean(found[graph]) if graph in found else "" for graph in graphs))


def _mean(rates: Sequence[float]) -> str:
    return f"{100 * sum(rates) / len(rates):.2f}"
