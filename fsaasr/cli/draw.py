"""`fsaasr draw`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional, Tuple

import click

from fsaasr.cli.options import FILE, archive_of, archive_options


@click.command()
@archive_options
@click.argument("out", type=FILE)
@click.option("--utterance", multiple=True, help="Draw the lattice of this one; may be repeated.")
@click.option("--sausage", is_flag=True, help="Draw confusion networks of minimum Bayes risk decoding.")
@click.option("--min-posterior", default=0.01, show_default=True, help="Leave out what is less probable.")
@click.option("--references", type=FILE, help="Transcripts in Kaldi's text form, to stand below.")
@click.option("--tree", metavar="STATE", help="Of a model of tied states, draw the tree of this one, e.g. AH.2.")
def draw(
    out: Path,
    utterance: Tuple[str, ...],
    sausage: bool,
    min_posterior: float,
    references: Optional[Path],
    tree: Optional[str],
    **archive: Any,
) -> None:
    """Draw lattices over time, a small graph, or what a GMM-HMM holds.

    LATTICES is a lattice file in any format, by its name; or else a graph file, for which the options mean nothing; or
    the folder of a GMM-HMM, of which the speech of each state is drawn, or the tree of one. OUT is an .svg file of one
    lattice or graph, or an .html page of all lattices that are wanted; of a model an .svg or .png file, or a .txt file
    of all trees.

    \b
    Examples:
      fsaasr draw loop.graph loop.svg
      fsaasr draw exp/lat.jsonl.gz lattice.svg --utterance theo-0007
      fsaasr draw exp/gmm-tri occupancy.png
      fsaasr draw exp/gmm-tri tree.svg --tree AH.2
      fsaasr lattice draw exp/lat.ark.gz page.html --words lang/words.txt --sausage
    """
    from fsaasr.graph import load_graph, write_drawing
    from fsaasr.hypotheses import read_transcripts
    from fsaasr.lattice.draw import Look, draw_lattices
    from fsaasr.lattice.formats import is_lattice_file
    from fsaasr.recipe import draw_model

    source = archive_of(**archive)
    if Path(source.path).is_dir():
        draw_model(source.path, out, tree)
    elif is_lattice_file(source.path):
        transcripts = {} if references is None else read_transcripts(references)
        said = {name: " ".join(words) for name, words in transcripts.items()}
        draw_lattices(source.lattices(), out, utterance, Look(*source.weights, min_posterior, sausage), said)
    else:
        write_drawing(load_graph(source.path), out)
    click.echo(out)
