"""Colours of figures, on a light and on a dark page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class Theme:
    """Colours of a figure; its background is transparent."""

    text: str
    faint: str
    bands: Tuple[str, str]
    lines: Tuple[str, ...]
    colormap: str


LIGHT = Theme(
    "#1c2126",
    "#9aa4ad",
    ("#dbe7f3", "#f0e6d6"),
    ("#0b5cad", "#c2410c", "#15803d", "#7e22ce", "#b91c1c", "#0f766e", "#a16207", "#be185d"),
    "Greys",
)
DARK = Theme(
    "#e6e9ec",
    "#6b7681",
    ("#24405c", "#4d3f28"),
    ("#7ab8f5", "#fb923c", "#4ade80", "#c084fc", "#f87171", "#2dd4bf", "#facc15", "#f472b6"),
    "magma",
)
