"""The picture of an attention: tokens over time, darker where the decoder looks more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fsaasr.report.data import AttentionMap
from fsaasr.report.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_attention(axes: Axes, attention: AttentionMap, theme: Theme) -> None:
    """Draws the map into axes whose x axis is seconds; the first token is on top."""
    steps, frames = attention.weights.shape
    axes.imshow(
        attention.weights,
        aspect="auto",
        extent=(0, frames * attention.frame_shift, steps, 0),
        cmap=theme.colormap,
        vmin=0.0,
        vmax=1.0,
        interpolation="nearest",
    )
    axes.set_yticks([step + 0.5 for step in range(steps)], labels=attention.tokens, fontsize=7)
    axes.tick_params(axis="y", length=0)
    axes.set_title(
        f"{attention.title}: attention; {100 * attention.monotonicity:.0f} % of the steps go on in time, "
        f"mean entropy {attention.entropy:.2f} nats",
        loc="left",
        fontsize=10,
        color=theme.text,
    )
