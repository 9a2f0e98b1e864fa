"""`fsaasr wer`."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import click

from fsaasr.cli.options import FILE


@click.command()
@click.argument("ref", type=FILE)
@click.argument("hyp", type=FILE)
@click.option("--utt2spk", type=FILE, help="Speakers, for a line each in the table.")
@click.option("--characters", is_flag=True, help="Count characters instead of words.")
@click.option("--details", is_flag=True, help="Print the alignment of every wrong utterance.")
@click.option("--by", type=click.Choice(["utterance", "speaker"]), default="utterance", show_default=True)
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
def wer(ref: Path, hyp: Path, utt2spk: Optional[Path], characters: bool, details: bool, by: str, seed: int) -> None:
    """Compare hypotheses with references.

    REF and HYP are in a format that the file's name tells (.ctm, .jsonl, ...), else in Kaldi's text form. Prints the
    error rate with its 95 % bootstrap interval, drawn --by utterance or speaker, and a table of errors.

    Example: fsaasr wer exp/decode/ref.txt exp/decode/hyp.txt --utt2spk exp/decode/utt2spk
    """
    from fsaasr.evaluate import (
        alignment_table,
        bootstrap_interval,
        character_errors,
        error_table,
        word_errors,
    )
    from fsaasr.hypotheses import read_speakers, read_words

    score = character_errors if characters else word_errors
    report = score(read_words(ref), read_words(hyp), read_speakers(utt2spk) if utt2spk else None)
    if details:
        click.echo(alignment_table(report))
    click.echo(error_table(report), nl=False)
    line = f"{'CER' if characters else 'WER'} {100 * report.rate:.2f} %"
    if len(report.utterances) > 1:
        low, high = bootstrap_interval(report, "speaker" if by == "speaker" else "utterance", seed=seed)
        line += f", 95 % interval {100 * low:.2f} to {100 * high:.2f} %"
    click.echo(f"{line}; {report.errors} errors in {report.words} {report.unit}s")
