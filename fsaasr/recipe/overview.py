"""Word error rates at a glance: systems by graphs, and by ways to divide the data."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from fsaasr.recipe.result_rows import ResultRow

_AXES = {"graph": "What each graph makes of each system", "split": "What each part of the data makes of each system"}


def overview_markdown(rows: Sequence[ResultRow]) -> List[str]:
    """Lines of a table with a column for each graph, and of one for each split; none for what there is one of alone."""
    lines: List[str] = []
    for axis, heading in _AXES.items():
        if len({getattr(row, axis) for row in rows}) > 1:
            lines += ["", f"## {heading}", "", "Word error rates in %, means over seeds.", "", *_table(rows, axis)]
    return lines


def _table(rows: Sequence[ResultRow], axis: str) -> List[str]:
    others = [name for name in ("split", "system", "graph", "engine") if name != axis]
    columns = list(dict.fromkeys(getattr(row, axis) for row in rows))
    rates: Dict[Tuple[str, ...], Dict[str, List[float]]] = {}
    for row in rows:
        line = tuple(row.group or row.system if name == "system" else getattr(row, name) for name in others)
        rates.setdefault(line, {}).setdefault(getattr(row, axis), []).append(row.wer)
    return [
        "| " + " | ".join((*others, "seeds", *columns)) + " |",
        "|" + "---|" * len(others) + "---:|" * (1 + len(columns)),
        *("| " + " | ".join((*line, *_cells(found, columns))) + " |" for line, found in rates.items()),
    ]


def _cells(found: Dict[str, List[float]], columns: Sequence[str]) -> Tuple[str, ...]:
    seeds = max(len(rates) for rates in found.values())
    return (str(seeds), *(_mean(found[column]) if column in found else "" for column in columns))


def _mean(rates: Sequence[float]) -> str:
    return f"{100 * sum(rates) / len(rates):.2f}"
