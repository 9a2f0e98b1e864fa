"""`fsaasr draw`."""

from __future__ import annotations

from pathlib import Path

import click

from fsaasr.cli.options import FILE


@click.command()
@click.argument("graph", type=FILE)
@click.argument("out", type=FILE)
def draw(graph: Path, out: Path) -> None:
    """Draw a small graph.

    OUT is an .svg file. `fsaasr lattice draw` draws lattices.

    Example: fsaasr draw loop.graph loop.svg
    """
    from fsaasr.graph import load_graph, write_drawing

    write_drawing(load_graph(graph), out)
    click.echo(out)
