"""`fsaasr align`."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Tuple

import click

from fsaasr.cli.options import FILE, FOLDER, cache_option, formats_option


@click.command()
@click.argument("model_dir", type=FOLDER)
@click.argument("cuts", type=FILE)
@click.argument("out_dir", type=FOLDER)
@cache_option
@formats_option("ctm,jsonl")
def align(model_dir: Path, cuts: Path, out_dir: Path, cache: Optional[Path], formats: Tuple[str, ...]) -> None:
    """Align cuts with their transcripts.

    Writes words.ctm, tokens.ctm and align.jsonl into OUT_DIR, or what else --formats names; times are in seconds.

    Example: fsaasr align model data/cuts_dev.jsonl.gz exp/align
    """
    from fsaasr.recipe import align_cuts

    aligned = align_cuts(model_dir, cuts, out_dir, cache, formats)
    words = sum(len(hypothesis.words) for hypothesis in aligned)
    click.echo(f"{out_dir}: {len(aligned)} utterances, {words} words aligned")
