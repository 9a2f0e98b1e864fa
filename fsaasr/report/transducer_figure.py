"""The picture of a transducer's lattice: tokens said over time, darker where more paths come through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fsaasr.report.data import TransducerGrid
from fsaasr.report.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_grid(axes: Axes, grid: TransducerGrid, theme: Theme) -> None:
    """Draws the lattice into axes whose x axis is seconds; paths go from the upper left to the lower right."""
    frames, places = grid.occupancy.shape
    axes.imshow(
        grid.occupancy.T,
        aspect="auto",
        extent=(0, frames * grid.frame_shift, places, 0),
        cmap=theme.colormap,
        vmin=0.0,
        vmax=1.0,
        interpolation="nearest",
    )
    # A token leads from one row to the next, at the frame where it most probably is said.
    times = [(frame + 0.5) * grid.frame_shift for frame in grid.frames]
    axes.plot(times, range(1, places), linestyle="none", marker="v", markersize=4, color=theme.text)
    axes.set_yticks(range(1, places), labels=grid.tokens, fontsize=7)
    axes.tick_params(axis="y", length=0)
    title = f"{grid.title}: full sum over the lattice of frames and tokens"
    axes.set_title(title, loc="left", fontsize=10, color=theme.text)
