"""The rows as Markdown tables."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

from tools.bench.decoders import REFERENCE
from tools.bench.rows import Row

PEERS = {False: ("kaldi-decoder FasterDecoder", "k2"), True: (REFERENCE, "k2")}
"""What a decoder of one-best, or of lattices, is compared with."""


def overview(rows: Sequence[Row]) -> List[str]:
    """A line for each decoder and number of threads: time and word errors at each beam, memory and load time."""
    beams = sorted({row["beam"] for row in rows})
    head = ["decoder", "threads", *(f"beam {beam:g}" for beam in beams), "peak MB", "load s", "start s"]
    lines = []
    for name, threads in dict.fromkeys((row["decoder"], row["threads"]) for row in rows):
        mine = {row["beam"]: row for row in rows if (row["decoder"], row["threads"]) == (name, threads)}
        cells = [f"{mine[b]['rtf']:.6f} ({100 * mine[b]['wer']:.2f})" if b in mine else "" for b in beams]
        last = mine[max(mine)]
        sizes = [
            f"{max(row['peak_mb'] for row in mine.values()):.0f}",
            f"{last['load_s']:.3f}",
            f"{last['start_s']:.2f}",
        ]
        lines.append([name, str(threads), *cells, *sizes])
    return markdown(head, lines)


def comparison(rows: Sequence[Row], key: str = "rtf") -> List[str]:
    """How many times faster this package is than its peers, beam by beam, one thread each; and with two threads.

    Args:
      rows: all rows.
      key: `rtf`, or `rtf_cpu`, with which two threads are not compared with one.
    """
    at = {(row["decoder"], row["threads"], row["beam"]): row for row in rows}
    beams = sorted({row["beam"] for row in rows if (PEERS[row["lattice"]][0], 1, row["beam"]) in at})
    lines = []
    for name, lattice in dict.fromkeys((r["decoder"], r["lattice"]) for r in rows if r["decoder"].startswith("fsaasr")):
        for peer, threads in [*((peer, 1) for peer in PEERS[lattice]), *([(name, 2)] if key == "rtf" else [])]:
            pair = ((peer, 1), (name, 1)) if threads == 1 else ((name, 1), (name, 2))
            cells = [_ratio(at, pair, beam, key) for beam in beams]
            if any(cells):
                lines.append([name, peer if threads == 1 else "itself with one thread, by two", *cells])
    return markdown(["decoder", "is faster than", *(f"beam {beam:g}" for beam in beams)], lines) if lines else []


def _ratio(at: Dict[Tuple[str, int, float], Row], pair: Any, beam: float, key: str) -> str:
    slow, fast = (at.get((*side, beam)) for side in pair)
    return f"{slow[key] / fast[key]:.2f}" if slow and fast else ""


def details(rows: Sequence[Row]) -> List[str]:
    """A line for each row."""
    head = ["decoder", "beam", "threads", "lattice", "WER %", "RTF", "lowest", "highest", "CPU RTF", "best path RTF"]
    head += ["peak MB", "load s", "start s", "same as Kaldi", "score difference", "arcs a frame"]
    lines = []
    for row in rows:
        times = [f"{row[key]:.6f}" for key in ("rtf", "rtf_lowest", "rtf_highest", "rtf_cpu", "rtf_best_path")]
        same = f"{100 * row['same_as_kaldi']:.0f} %" if "same_as_kaldi" in row else ""
        difference = row.get("score_difference")
        lines.append(
            [
                *(row["decoder"], f"{row['beam']:g}", str(row["threads"]), "yes" if row["lattice"] else "no"),
                *(f"{100 * row['wer']:.2f}", *times, f"{row['peak_mb']:.0f}"),
                *(f"{row['load_s']:.3f}", f"{row['start_s']:.3f}", same),
                "" if difference is None else f"{difference:.1e}",
                f"{row['arcs_per_frame']:.1f}" if "arcs_per_frame" in row else "",
            ]
        )
    return markdown(head, lines)


def markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> List[str]:
    """A table whose source is aligned, too."""
    widths = [max(len(line[column]) for line in (head, *lines)) for column in range(len(head))]
    body = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths)) for line in (head, *lines)]
    rule = " | ".join("-" * width for width in widths)
    return [f"| {line} |" for line in (body[0], rule, *body[1:])]
