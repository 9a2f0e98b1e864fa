"""What all figures share: the look of axes, and how a figure becomes bytes."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Literal

from fsaasr.report.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Form = Literal["svg", "png"]
"""SVG on a transparent ground, for pages; PNG on a white one, 130 dots an inch."""


def dress(axes: Axes, theme: Theme) -> None:
    """Gives axes the theme's colours, and lines at their left and bottom only."""
    axes.set_facecolor("none")
    axes.tick_params(colors=theme.text, labelsize=9)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(theme.faint)


def drawn(figure: Figure, form: Form = "svg") -> bytes:
    """The figure as a file's bytes."""
    from matplotlib import rc_context

    buffer = BytesIO()
    if form == "png":
        figure.savefig(buffer, format="png", dpi=130, facecolor="white", metadata={"Software": None})
    else:
        # No date, and names of elements that do not depend on chance: the same data give the same picture.
        with rc_context({"svg.hashsalt": "fsaasr"}):
            figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
