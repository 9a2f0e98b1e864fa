"""`fsaasr compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import click

from fsaasr.cli.options import FOLDER


@click.command()
@click.argument("experiments", metavar="EXP...", type=FOLDER, nargs=-1, required=True)
@click.option("--out", type=FOLDER, required=True, help="Folder to write.")
@click.option("--baseline", default="", help="Line that others are tested against; the best on dev if not given.")
@click.option("--segments", type=click.Choice(["words", "utterance"]), default="words", show_default=True)
@click.option("--by", type=click.Choice(["utterance", "speaker"]), default="utterance", show_default=True)
@click.option(
    "--correction", type=click.Choice(["holm", "benjamini-hochberg", "none"]), default="holm", show_default=True
)
@click.option("--examples", default=10, show_default=True, help="Utterances in the page to listen to.")
@click.option("--aligned", default=40, show_default=True, help="Utterances that alignments are compared on.")
@click.option("--page/--no-page", default=True, show_default=True, help="Whether to write the page.")
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
def compare(
    experiments: Tuple[Path, ...],
    out: Path,
    baseline: str,
    segments: str,
    by: str,
    correction: str,
    examples: int,
    aligned: int,
    page: bool,
    seed: int,
) -> None:
    """Compare the systems of experiments on the test sets that they share.

    EXP are folders of `fsaasr recipe` whose results are there. Writes results.json, table.csv, table.md, table.tex and
    report.html: error rates with intervals, tests of their differences (matched pairs of segments; bootstrap, drawn
    --by utterance or speaker) with a correction for their number, costs, errors to listen to, alignments and lattices.
    Says what such a test set can decide.

    Example: fsaasr compare egs/digits/exp --out comparison
    """
    from fsaasr.recipe.comparison import CompareOptions, PageOptions, decidable_sentences, write_comparison

    options = CompareOptions(
        baseline,
        "utterance" if segments == "utterance" else "words",
        "speaker" if by == "speaker" else "utterance",
        "none" if correction == "none" else "holm" if correction == "holm" else "benjamini-hochberg",
        seed=seed,
    )
    command = f"fsaasr compare {' '.join(map(str, experiments))} --out {out}"
    shown = PageOptions(examples=examples, aligned=aligned, command=command) if page else None
    for one in write_comparison(experiments, out, options, shown):
        for sentence in decidable_sentences(one):
            click.echo(f"{one.name}: {sentence}")
    click.echo(out / ("report.html" if page else "table.md"))
