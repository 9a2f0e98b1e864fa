"""Word errors against time, as numbers and as a figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Sequence

from fsaasr.core.files import atomic_path
from tools.bench.rows import Row

Curve = Dict[str, List[Dict[str, float]]]

OWN = ("#0b5cad", "#15803d", "#0e9aa7", "#7e22ce", "#1e293b", "#65a30d")
OTHERS = ("#c2410c", "#b91c1c", "#a16207", "#6b7280", "#be185d", "#374151")
MARKERS = "osD^vPX"


def curves(rows: Sequence[Row]) -> Curve:
    """For each decoder on one thread, its beams with time and word error rate, the narrow ones first."""
    result: Curve = {}
    for row in sorted(rows, key=lambda row: row["beam"]):
        if row["threads"] == 1:
            result.setdefault(row["decoder"], []).append({key: row[key] for key in ("beam", "rtf", "wer")})
    return result


def draw(curve: Curve, path: Path, title: str) -> None:
    """Writes the figure as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 5.5), layout="constrained")
    axes = figure.subplots()
    colours = {True: iter(OWN * 3), False: iter(OTHERS * 3)}
    for index, (name, points) in enumerate(sorted(curve.items(), key=lambda item: not item[0].startswith("fsaasr"))):
        own = name.startswith("fsaasr")
        _line(axes, name, points, next(colours[own]), MARKERS[index % len(MARKERS)], own)
    axes.set_xscale("log")
    axes.set_xlabel("decoding time / audio time, one thread")
    axes.set_ylabel("word error rate, %")
    axes.set_title(title, loc="left", fontsize=10)
    axes.grid(True, which="both", linewidth=0.4, alpha=0.5)
    if curve:
        figure.legend(fontsize=8, loc="outside lower center", ncols=3, frameon=False)
    with atomic_path(path) as temporary:
        figure.savefig(str(temporary), format="png", dpi=130)


def _line(axes: Any, name: str, points: Sequence[Dict[str, float]], colour: str, marker: str, own: bool) -> None:
    times = [point["rtf"] for point in points]
    rates = [100 * point["wer"] for point in points]
    axes.plot(times, rates, color=colour, marker=marker, markersize=5, linewidth=2.0 if own else 1.2, label=name)
    for end in {0, len(points) - 1}:  # more would lie upon one another
        beam, place = f"{points[end]['beam']:g}", (times[end], rates[end])
        axes.annotate(beam, place, textcoords="offset points", xytext=(4, 4), fontsize=8, color=colour)
