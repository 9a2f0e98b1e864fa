"""`fsaasr graph`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Tuple

import click

from fsaasr.cli.options import FILE, FOLDER

if TYPE_CHECKING:
    from fsaasr.graph import Graph


@click.command()
@click.argument("lang_dir", type=FOLDER)
@click.argument("arpa", metavar="[ARPA]", type=FILE, nargs=-1)
@click.argument("out", type=FILE)
@click.option("--topology", default="ctc", show_default=True, help="Topology; --model sets it.")
@click.option("--word-loop", is_flag=True, help="Any number of words instead of an ARPA model.")
@click.option("--max-words", type=int, help="1 to so many words instead of an ARPA model.")
@click.option("--grammar", "source", help="A grammar instead of an ARPA model: FILE.jsgf, FILE.txt, FILE.py:FUNCTION.")
@click.option(
    "--expand/--no-expand",
    default=True,
    show_default=True,
    help="Spell the topology out; without, the file is a fraction of the size, and the search spells it out.",
)
@click.option("--unknown", type=int, help="Let <unk> be any tokens, by an n-gram model of this order (3 is usual).")
@click.option("--unknown-score", default=0.0, show_default=True, help="Added for each; below 0 there are fewer.")
@click.option("--unknown-probability", type=float, help="Of <unk>, where the ARPA has none, or another.")
@click.option("--model", "model_dir", type=FOLDER, help="Take topology, tokens and transitions from this model.")
def graph(
    lang_dir: Path,
    arpa: Tuple[Path, ...],
    out: Path,
    topology: str,
    word_loop: bool,
    max_words: Optional[int],
    source: Optional[str],
    expand: bool,
    unknown: Optional[int],
    unknown_score: float,
    unknown_probability: Optional[float],
    model_dir: Optional[Path],
) -> None:
    """Compose lexicon, grammar and topology into a decoding graph.

    The grammar is an ARPA file, or what --word-loop, --max-words or --grammar say: a JSGF grammar (.jsgf, .gram), a
    list of phrases (.txt, one a line), or a Python function that returns a pynini grammar (the file is run). Prints
    each step's size, time and memory. HMM models need --model, for their transition probabilities.

    \b
    Examples:
      fsaasr graph lang 3gram.arpa ctc.graph --topology ctc
      fsaasr graph lang loop.graph --word-loop --model exp/model
      fsaasr graph lang home.graph --grammar home.jsgf
      fsaasr graph lang 3gram.arpa small.graph --no-expand
      fsaasr graph lang 3gram.arpa open.graph --unknown 3 --unknown-probability 0.05
    """
    from fsaasr.graph import unknown_word
    from fsaasr.recipe import make_graph

    if len(arpa) + word_loop + (max_words is not None) + (source is not None) != 1:
        raise click.UsageError("give exactly one grammar: an ARPA file, --word-loop, --max-words or --grammar")
    made = make_graph(
        lang_dir,
        "ngram" if arpa else "loop" if word_loop else "file" if source else "repeat",
        out,
        source=source,
        arpa=arpa[0] if arpa else None,
        max_words=max_words or 1,
        topology=topology,
        model_dir=model_dir,
        expand=expand,
        unknown=partial(unknown_word, order=unknown, score=unknown_score, probability=unknown_probability)
        if unknown
        else None,
    )
    click.echo(_description(made))
    click.echo(f"{out}: {made.fst.num_states} states, {made.fst.num_arcs} arcs")


def _description(graph: Graph) -> str:
    """The steps of the build, and what was left out."""
    from fsaasr.graph import BuildReport

    report = BuildReport.from_dict(graph.build)
    lost = [f"left out: word {word!r} of the grammar is not in the lexicon" for word in report.missing_words]
    return "\n".join([report.table(), *lost])
