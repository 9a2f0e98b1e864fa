"""Ratios as Markdown tables."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence

from tools.bench.table import markdown

Row = Dict[str, Any]


def overview(rows: Sequence[Row], utterances: int) -> List[str]:
    """A line for each operation, and how often Kaldi's time is this package's, at each lattice beam."""
    beams = sorted({row["lattice_beam"] for row in rows})
    head = ["operation", *(f"beam {beam:g}: ms (Kaldi's), times faster" for beam in beams)]
    lines = []
    for name in dict.fromkeys(row["operation"] for row in rows):
        at = {row["lattice_beam"]: row for row in rows if row["operation"] == name}
        lines.append([name, *(_cell(at[beam], utterances) if beam in at else "" for beam in beams)])
    return markdown(head, lines)


def _cell(row: Row, utterances: int) -> str:
    ours = 1000 * row["cpu_seconds"] / utterances
    if "kaldi_cpu_seconds" not in row:
        return f"{ours:.3f}"
    return f"{ours:.3f} ({1000 * row['kaldi_cpu_seconds'] / utterances:.3f}), {row['times_faster']:.2f}"


def details(rows: Sequence[Row]) -> List[str]:
    """A line for each row."""
    head = ["operation", "search beam", "lattice beam", "s", "Kaldi s", "by processor", "by the clock"]
    head += ["peak MB", "Kaldi peak MB"]
    lines = []
    for row in rows:
        theirs = "kaldi_cpu_seconds" in row
        lines.append(
            [
                *(row["operation"], f"{row['search_beam']:g}", f"{row['lattice_beam']:g}", f"{row['cpu_seconds']:.4f}"),
                f"{row['kaldi_cpu_seconds']:.4f}" if theirs else "",
                f"{row['times_faster']:.2f}" if theirs else "",
                f"{row['times_faster_clock']:.2f}" if theirs else "",
                f"{row['peak_mb']:.0f}",
                f"{row['kaldi_peak_mb']:.0f}" if theirs else "",
            ]
        )
    return markdown(head, lines)


def sizes(rows: Sequence[Row]) -> List[str]:
    """Arcs of the lattices of both sides."""
    head = ["search beam", "lattice beam", "frame arcs", "Kaldi's", "word arcs", "Kaldi's"]
    keys = ("search_beam", "lattice_beam", "frame_arcs", "kaldi_frame_arcs", "word_arcs", "kaldi_word_arcs")
    found = dict.fromkeys(
        tuple(f"{row[key]:g}" if "beam" in key else str(row.get(key, "")) for key in keys) for row in rows
    )
    return markdown(head, [list(line) for line in found])
