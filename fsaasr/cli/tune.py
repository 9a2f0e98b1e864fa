"""`fsaasr tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import click

from fsaasr.cli.options import FILE, FOLDER, cache_option, fusion_of, fusion_options, search_options


@click.command()
@click.argument("model_dir", type=FOLDER)
@click.argument("graph", type=FILE)
@click.argument("cuts", type=FILE)
@click.argument("out", type=FILE)
@click.option("--acoustic-scales", default="0.1,0.3,1", show_default=True, help="Values to try.")
@click.option("--lm-scales", default="1", show_default=True, help="Values to try.")
@click.option("--penalties", default="-2,0,2", show_default=True, help="Word insertion penalties to try.")
@click.option("--prior-scales", default="", help="Values to try, for a hybrid model; none: the model's own.")
@click.option("--ctc-weights", default="", help="Values to try, for an attention model; none: 0.3.")
@click.option("--fusion-scales", default="0,0.2,0.4", show_default=True, help="Values to try for each of what joins.")
@fusion_options
@search_options
@cache_option
def tune(
    model_dir: Path,
    graph: Path,
    cuts: Path,
    out: Path,
    acoustic_scales: str,
    lm_scales: str,
    penalties: str,
    prior_scales: str,
    ctc_weights: str,
    fusion_scales: str,
    added: Optional[str],
    subtracted: Optional[str],
    internal: Optional[str],
    engine: str,
    search_beam: float,
    lattice_beam: float,
    max_active: int,
    cache: Optional[Path],
) -> None:
    """Choose scales on dev data and freeze them in a file.

    CUTS is the dev manifest. `fsaasr decode --scales OUT` then uses them, on test data once.

    Example: fsaasr tune model loop.graph data/cuts_dev.jsonl.gz scales.json
    """
    from fsaasr.decode import SearchOptions
    from fsaasr.recipe import TuningGrid, tune_cuts

    axes = (_numbers(acoustic_scales), _numbers(lm_scales), _numbers(penalties), _numbers(prior_scales))
    joining = dict.fromkeys(("added_scale", "subtracted_scale", "internal_scale"), _numbers(fusion_scales))
    grid = TuningGrid(*axes, ctc_weight=_numbers(ctc_weights), **joining)
    options = SearchOptions(engine, search_beam, lattice_beam, max_active)
    tuned = tune_cuts(model_dir, graph, cuts, out, grid, options, cache, fusion_of(added, subtracted, internal))
    click.echo(f"{out}: {tuned.errors} errors in {tuned.words} words with {tuned.scales}")


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise click.BadParameter(f"found {text!r}, expected numbers with commas between, e.g. 0.1,0.3") from None
