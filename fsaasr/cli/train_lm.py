"""`fsaasr train-lm`."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import click

from fsaasr.cli.options import FILE, FOLDER


@click.command("train-lm")
@click.argument("text", type=FILE)
@click.argument("config", type=FILE)
@click.argument("out_dir", type=FOLDER)
@click.option("--dev", type=FILE, help="Text that chooses the best epoch, in the same form.")
@click.option("--ids", is_flag=True, help="TEXT has an utterance id before each sentence, as Kaldi's.")
@click.option("--lang", "lang_dir", type=FOLDER, help="Vocabulary: all words of this lang directory.")
def train_lm(text: Path, config: Path, out_dir: Path, dev: Optional[Path], ids: bool, lang_dir: Optional[Path]) -> None:
    """Train a neural language model on text.

    CONFIG is YAML with `network` (kind: lstm or transformer), `fit`, `batch_words` and `noise`. TEXT has one
    sentence a line. A killed training goes on where its last checkpoint was.

    Example: fsaasr train-lm train.txt lm.yaml lm --dev dev.txt --lang lang
    """
    from fsaasr.recipe import train_lm_model

    report = train_lm_model(text, config, out_dir, dev, ids, lang_dir)
    click.echo(f"{out_dir}: {report.words} words of {report.measured}, perplexity {report.perplexity:.2f}")
