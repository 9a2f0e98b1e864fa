"""Reads pictures back."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import List, NamedTuple, Set

SVG = "{http://www.w3.org/2000/svg}"


class DrawnArc(NamedTuple):
    """An arc of a picture: the lines of its tooltip, its classes and width, where it begins and ends, and heights."""

    tooltip: List[str]
    kinds: List[str]
    width: float
    begin: float
    end: float
    heights: Set[float]


def groups(svg: str, kind: str) -> List[ET.Element]:
    """Groups of a class."""
    return [group for group in ET.fromstring(svg).iter(f"{SVG}g") if kind in group.get("class", "").split()]


def drawn_arcs(svg: str) -> List[DrawnArc]:
    """All arcs of a lattice's picture."""
    return [_arc(group) for group in groups(svg, "arc")]


def _arc(group: ET.Element) -> DrawnArc:
    path = group.find(f"{SVG}path")
    assert path is not None
    moves = [(m[0], [float(n) for n in m[1:].split()]) for m in re.findall("[A-Z][^A-Z]*", path.get("d", ""))]
    places = [(n[-2] if len(n) > 1 else n[0], n[-1] if len(n) > 1 else None) for _, n in moves]
    return DrawnArc(
        (group.findtext(f"{SVG}title") or "").split("\n"),
        group.get("class", "").split(),
        float(path.get("stroke-width", "")),
        places[0][0],
        places[-1][0],
        {y for _, y in places if y is not None},
    )


def small_text(svg: str) -> str:
    """Axis and notes."""
    texts = ET.fromstring(svg).iter(f"{SVG}text")
    return " ".join(text.text or "" for text in texts if text.get("class") == "small")
