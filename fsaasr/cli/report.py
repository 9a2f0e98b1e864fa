"""`fsaasr report`."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Tuple

import click

from fsaasr.cli.options import FILE, FOLDER


@click.command()
@click.argument("recipe_file", metavar="RECIPE", type=FILE)
@click.argument("folder", metavar="EXP", type=FOLDER)
@click.option("--override", type=FILE, multiple=True, help="YAML laid over RECIPE; repeatable.")
@click.option("--command", default="", help="What to say the experiment was run with.")
@click.option("--out", type=FILE, help="File to write; EXP/report.html if not given.")
def report(recipe_file: Path, folder: Path, override: Tuple[Path, ...], command: str, out: Optional[Path]) -> None:
    """Write the HTML report of an experiment.

    One file that needs nothing else: results, one utterance seen by HMM and CTC, errors, a graph.

    Example: fsaasr report egs/digits/conf/recipe.yaml egs/digits/exp
    """
    from fsaasr.recipe import Experiment, read_recipe, report_experiment

    path = out or folder / "report.html"
    report_experiment(Experiment(read_recipe(recipe_file, override), folder), path, command)
    click.echo(path)
