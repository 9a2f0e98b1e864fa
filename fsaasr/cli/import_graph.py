"""`fsaasr import`."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import click

from fsaasr.cli.options import FILE


@click.command("import")
@click.argument("graph", type=FILE)
@click.argument("out", type=FILE)
@click.option("--words", type=FILE, required=True, help="words.txt of the graph.")
@click.option("--tokens", type=FILE, help="tokens.txt, for graphs over CTC columns or tokens.")
@click.option(
    "--transitions", type=FILE, help="For an HCLG.fst: pdf of each transition-id, or show-transitions' output."
)
@click.option("--topology", help="GRAPH is an LG.pt, to be searched with this topology, e.g. ctc.")
def import_graph(
    graph: Path,
    out: Path,
    words: Path,
    tokens: Optional[Path],
    transitions: Optional[Path],
    topology: Optional[str],
) -> None:
    """Make a graph file of a graph from Kaldi or icefall.

    GRAPH is an OpenFst file (HCLG.fst, TLG.fst), or a .pt file of icefall, nothing of which is run.

    \b
    Examples:
      fsaasr import TLG.fst tlg.graph --words words.txt --tokens tokens.txt
      fsaasr import HCLG.fst hclg.graph --words words.txt --transitions pdfs.txt
      fsaasr import LG.pt lg.graph --words words.txt --tokens tokens.txt --topology ctc
    """
    from fsaasr.graph import Graph, read_icefall_graph, read_icefall_lg, read_kaldi_graph

    is_icefall = graph.suffix == ".pt"
    if is_icefall and (tokens is None or transitions is not None):
        raise click.UsageError("a .pt file needs --tokens, and has no transitions")
    if not is_icefall and topology is not None:
        raise click.UsageError("--topology is for an LG.pt; the states of other graphs are those of a topology already")
    made: Graph
    if not is_icefall:
        made = read_kaldi_graph(graph, words, tokens=tokens, transitions=transitions)
    elif topology is None:
        made = read_icefall_graph(graph, words, tokens or "")
    else:
        made = read_icefall_lg(graph, words, tokens or "", topology)
    made.save(out)
    click.echo(f"{out}: {made.fst.num_states} states, {made.fst.num_arcs} arcs")
