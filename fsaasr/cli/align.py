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
@click.option("--confidence-scale", default=1.0, show_default=True, help="Scale of the scores in confidences.")
@click.option("--skip-oov", is_flag=True, help="Leave out cuts with words that the lexicon lacks.")
@click.option("--g2p", "g2p_model", type=FILE, help="Pronounce words that the lexicon lacks with this model.")
def align(
    model_dir: Path,
    cuts: Path,
    out_dir: Path,
    cache: Optional[Path],
    formats: Tuple[str, ...],
    confidence_scale: float,
    skip_oov: bool,
    g2p_model: Optional[Path],
) -> None:
    """Align cuts with their transcripts.

    Writes words.ctm, tokens.ctm and align.jsonl into OUT_DIR, or what else --formats names; times are in seconds.
    Of cuts longer than half a minute, supervisions_segments.jsonl.gz has the segments between pauses.

    The confidence of a word or token is how sure its times are, given that it was said: the mean over its frames of
    the posterior of being in it.

    With --g2p, pronunciations.txt has those of the words that the lexicon lacks.

    Example: fsaasr align model data/cuts_dev.jsonl.gz exp/align
    """
    from fsaasr.recipe import align_cuts

    aligned = align_cuts(model_dir, cuts, out_dir, cache, formats, confidence_scale, skip_oov, g2p_model)
    words = sum(len(hypothesis.words) for hypothesis in aligned)
    click.echo(f"{out_dir}: {len(aligned)} utterances, {words} words aligned")
    if skip_oov:
        left_out = (out_dir / "left_out.txt").read_text(encoding="utf-8").count("\n")
        click.echo(f"{out_dir / 'left_out.txt'}: {left_out} utterances left out")
