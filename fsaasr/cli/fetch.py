"""`fsaasr fetch`."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import click


@click.command()
@click.argument("corpus", type=click.Choice(["fsdd", "librispeech", "synthetic"]))
@click.argument("out_dir", type=click.Path(file_okay=False, path_type=Path))
@click.option("--takes", default=50, show_default=True, help="Recordings of each digit by each speaker (synthetic).")
@click.option("--part", "parts", multiple=True, help="Part to download, e.g. train-clean-5; repeatable (librispeech).")
@click.option("--lm-file", "lm_files", multiple=True, help="File of openslr.org/11, likewise, e.g. 4-gram.arpa.gz.")
def fetch(corpus: str, out_dir: Path, takes: int, parts: Tuple[str, ...], lm_files: Tuple[str, ...]) -> None:
    """Get a corpus: download fsdd or parts of librispeech, or synthesise digits with espeak-ng.

    What is there and whole is kept. fsdd is verified.

    \b
    Examples:
      fsaasr fetch fsdd corpora/fsdd
      fsaasr fetch librispeech corpora/librispeech --part dev-clean-2 --lm-file librispeech-lexicon.txt
    """
    from fsaasr.corpora import SyntheticOptions, fetch_fsdd, fetch_librispeech, synthesise_digits

    if corpus == "fsdd":
        click.echo(fetch_fsdd(out_dir))
    elif corpus == "librispeech":
        click.echo(fetch_librispeech(out_dir, parts, lm_files))
    else:
        click.echo(synthesise_digits(out_dir, SyntheticOptions(takes=takes)))
