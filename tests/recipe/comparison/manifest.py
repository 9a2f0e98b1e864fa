"""A manifest of cuts without audio."""

from __future__ import annotations

from pathlib import Path

from lhotse import CutSet, MonoCut, SupervisionSegment


def write_speech(path: Path, count: int) -> None:
    """Cuts of half a minute that say `a b b`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cuts = [
        MonoCut(f"c{n}", 0.0, 30.0, 0, [SupervisionSegment(f"c{n}", f"r{n}", 0.0, 30.0, text="a b b", speaker=f"s{n}")])
        for n in range(count)
    ]
    CutSet.from_cuts(cuts).to_file(path)
