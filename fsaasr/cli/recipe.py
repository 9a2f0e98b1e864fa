"""`fsaasr recipe`."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Optional, Tuple

import click

from fsaasr.cli.options import FILE, FOLDER

_STAGES = ("prepare", "lang", "train", "graph", "tune", "decode", "lattices", "results", "publish", "all")


@click.command()
@click.argument("stage", type=click.Choice(_STAGES))
@click.argument("recipe_file", metavar="RECIPE", type=FILE)
@click.argument("folder", metavar="EXP", type=FOLDER)
@click.option("--corpus", type=FOLDER, help="Corpus directory; for prepare.")
@click.option("--override", type=FILE, multiple=True, help="YAML laid over RECIPE; repeatable.")
@click.option("--jobs", default=0, help="Processes to work with; 0 means one a core.")
@click.option("--cluster", "address", help="Scheduler of dask.distributed, or its file, to work on.")
@click.option("--keep", is_flag=True, help="Publish: leave what was published of systems that EXP lacks.")
@click.option("--device", default="cpu", show_default=True, help="torch device that networks are trained on.")
@click.option("--to", "target", type=FOLDER, default=Path("."), help="Folder to publish to.")
def recipe(
    stage: str,
    recipe_file: Path,
    folder: Path,
    corpus: Optional[Path],
    override: Tuple[Path, ...],
    jobs: int,
    address: Optional[str],
    keep: bool,
    device: str,
    target: Path,
) -> None:
    """Run a stage of an experiment that a YAML file describes.

    RECIPE names data splits, lexicons, grammars, systems and engines; all combinations of them are
    run. What is done and up to date in EXP is not done again, so a killed run goes on where it was.

    \b
    Stages, in this order:
      prepare  cut manifests and features        decode    test data, with the frozen scales
      lang     lang directories, n-gram models   lattices  word lattices, confidences, oracle errors
      train    models                            results   EXP/results.json, and the table
      graph    decoding graphs                   publish   RESULTS.md and RESULTS.json into --to
      tune     scales on dev data, frozen in files
      all      everything up to results; EXP/logs has a file for each job

    Example: fsaasr recipe prepare egs/yesno/conf/recipe.yaml exp --corpus corpora/yesno
    """
    from fsaasr.recipe import (
        STAGES,
        Experiment,
        cluster,
        collect_results,
        read_recipe,
        read_results,
        results_table,
        run_stage,
        with_kept,
        write_published,
    )
    from fsaasr.recipe.comparison import experiment_differences

    experiment = Experiment(read_recipe(recipe_file, override), folder, device)
    with cluster(address) if address else nullcontext() as executor:
        for one in STAGES if stage == "all" else [stage] if stage in STAGES else []:
            run_stage(experiment, one, corpus_dir=corpus, workers=jobs, executor=executor, say=click.echo)
    if stage in ("results", "all"):
        click.echo(results_table(collect_results(experiment)), nl=False)
    elif stage == "publish":
        results = replace(read_results(folder / "results.json"), differences=experiment_differences(folder))
        write_published(with_kept(results, read_results(target / "RESULTS.json")) if keep else results, target)
        click.echo(target / "RESULTS.md")
