"""`fsaasr draw`."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Tuple

import click

from fsaasr.cli.options import FILE


@click.command()
@click.argument("what")
@click.argument("out", type=FILE)
@click.option("--utterance", multiple=True, help="Draw the lattice of this one; may be repeated.")
@click.option("--sausage", is_flag=True, help="Draw confusion networks of minimum Bayes risk decoding.")
@click.option("--acoustic-scale", default=1.0, show_default=True)
@click.option("--lm-scale", default=1.0, show_default=True)
@click.option("--word-insertion-penalty", default=0.0, show_default=True)
@click.option("--min-posterior", default=0.01, show_default=True, help="Leave out what is less probable.")
@click.option("--references", type=FILE, help="Transcripts in Kaldi's text form, to stand below.")
@click.option("--graph", type=FILE, help="Graph whose words the numbers in files without names mean.")
def draw(
    what: str,
    out: Path,
    utterance: Tuple[str, ...],
    sausage: bool,
    acoustic_scale: float,
    lm_scale: float,
    word_insertion_penalty: float,
    min_posterior: float,
    references: Optional[Path],
    graph: Optional[Path],
) -> None:
    """Draw a small graph, or lattices over time.

    WHAT is a graph, or a lattice file in any format, by its name. OUT is an .svg file, or for lattices an .html page of
    all that are wanted. `fsaasr decode --lattices` has applied the acoustic scale already.

    \b
    Examples:
      fsaasr draw loop.graph loop.svg
      fsaasr draw exp/decode/lat.jsonl.gz lattice.svg --utterance theo-0007
      fsaasr draw exp/decode/lat.ark.gz page.html --sausage --references exp/decode/ref.txt
    """
    from fsaasr.graph import load_graph, write_drawing
    from fsaasr.hypotheses import read_transcripts
    from fsaasr.lattice.draw import Look, draw_lattices
    from fsaasr.lattice.formats import FORMATS, LatticeSymbols, read_lattices

    if not (Path(what).is_dir() or any(form.claims(what) for form in FORMATS)):
        write_drawing(load_graph(what), out)
    else:
        symbols = None if graph is None else LatticeSymbols.of(load_graph(graph))
        transcripts = {} if references is None else read_transcripts(references)
        said = {name: " ".join(words) for name, words in transcripts.items()}
        look = Look(acoustic_scale, lm_scale, word_insertion_penalty, min_posterior, sausage)
        draw_lattices(read_lattices(what, symbols), out, utterance, look, said)
    click.echo(out)
