"""`fsaasr prepare`."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import click

from fsaasr.cli.options import FOLDER, key_values


@click.command()
@click.argument("corpus")
@click.argument("corpus_dir", type=FOLDER)
@click.argument("out_dir", type=FOLDER)
@click.option("-o", "--option", "pairs", multiple=True, metavar="KEY=VALUE", help="Option of the corpus; repeatable.")
def prepare(corpus: str, corpus_dir: Path, out_dir: Path, pairs: Tuple[str, ...]) -> None:
    """Make cut manifests of a corpus directory.

    CORPUS is an4, fsdd, librispeech, speechocean762, yesno, synthetic, or kaldi for any Kaldi data directory, or
    lhotse for manifests of Lhotse and Shar. Writes OUT_DIR/cuts_SPLIT.jsonl.gz for each split; what is done and up
    to date is kept.

    Example: fsaasr prepare fsdd corpora/fsdd data -o style=connected -o strings.max_words=5
    """
    from fsaasr.corpora import manifest_path
    from fsaasr.corpora import prepare as prepare_corpus

    for split, cuts in prepare_corpus(corpus, corpus_dir, out_dir, **key_values(pairs)).items():
        hours = sum(cut.duration for cut in cuts) / 3600
        click.echo(f"{manifest_path(out_dir, split)}: {len(cuts)} cuts, {hours:.3f} hours")
