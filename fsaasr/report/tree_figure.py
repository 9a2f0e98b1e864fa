"""The picture of a decision tree: questions at its inner nodes, score columns with their frames at its leaves."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Iterator, List, Tuple

from fsaasr.graph.context_tree import Node, Split, count_leaves
from fsaasr.report.data import TreeView
from fsaasr.report.drawing import Form, drawn
from fsaasr.report.theme import LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAMED = 8
"""Tokens of a question that are named; of more, the first ones and their number."""


@dataclass(frozen=True)
class _Place:
    """A node on paper: row of its middle, counted in leaves, and depth; its leaf's number, -1 of a question."""

    node: Node
    row: float
    depth: int
    leaf: int


def tree_figure(view: TreeView, theme: Theme = LIGHT, form: Form = "svg") -> bytes:
    """Draws a tree from left to right: the upper way is `yes`, the lower one `no`."""
    from matplotlib.figure import Figure

    places = list(_places(view.root, 0, 0))
    depth = max(place.depth for place, _ in places)
    leaves = count_leaves(view.root)
    figure = Figure(figsize=(1.5 + 1.75 * (depth + 0.6), 0.8 + 0.55 * leaves), layout="constrained")
    axes = figure.subplots()
    for place, children in places:
        for answer, child in zip(("yes", "no"), children):
            _draw_way(axes, place, child, answer, theme)
    for place, _ in places:
        _draw_node(axes, place, view, theme)
    axes.set_xlim(-0.45, depth + 0.75)
    axes.set_ylim(leaves - 0.3, -0.7)
    axes.axis("off")
    known = f", {sum(view.frames):.0f} frames" if view.frames else ""
    axes.set_title(f"{view.title}: {leaves} leaves{known}", loc="left", fontsize=10, color=theme.text)
    return drawn(figure, form)


def _places(node: Node, first: int, depth: int) -> Iterator[Tuple[_Place, List[_Place]]]:
    """Each node with its children, where `first` is the row of its first leaf."""
    if not isinstance(node, Split):
        yield _Place(node, first, depth, first), []
        return
    below = first + count_leaves(node.yes)
    yes, no = list(_places(node.yes, first, depth + 1)), list(_places(node.no, below, depth + 1))
    children = [yes[0][0], no[0][0]]
    yield _Place(node, (children[0].row + children[1].row) / 2, depth, -1), children
    yield from yes
    yield from no


def _draw_way(axes: Axes, place: _Place, child: _Place, answer: str, theme: Theme) -> None:
    bend = place.depth + 0.5
    across = [place.depth, bend, bend, child.depth]
    axes.plot(across, [place.row, place.row, child.row, child.row], color=theme.faint, linewidth=1.1, zorder=1)
    colour = theme.lines[2] if answer == "yes" else theme.lines[4]
    axes.text(bend + 0.03, child.row, answer, ha="left", va="bottom", fontsize=8, color=colour)


def _draw_node(axes: Axes, place: _Place, view: TreeView, theme: Theme) -> None:
    if isinstance(place.node, Split):
        text, fill = _question(place.node), theme.bands[0]
    else:
        frames = f"\n{view.frames[place.leaf]:.0f} frames" if view.frames else ""
        text, fill = view.columns[place.leaf] + frames, theme.bands[1]
    box = {"boxstyle": "round,pad=0.3", "facecolor": fill, "edgecolor": theme.faint, "linewidth": 0.8}
    axes.text(place.depth, place.row, text, ha="center", va="center", fontsize=8, color=theme.text, bbox=box, zorder=2)


def _question(node: Split) -> str:
    names = node.tokens if len(node.tokens) <= _NAMED else (*node.tokens[: _NAMED - 1], f"(+{len(node.tokens) - 7})")
    return "\n".join([f"{node.side} in", *textwrap.wrap(" ".join(names), 18)])
