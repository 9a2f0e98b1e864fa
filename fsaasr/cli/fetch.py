"""`fsaasr fetch`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("corpus", type=click.Choice(["fsdd", "synthetic"]))
@click.argument("out_dir", type=click.Path(file_okay=False, path_type=Path))
@click.option("--takes", default=50, show_default=True, help="Recordings of each digit by each speaker (synthetic).")
def fetch(corpus: str, out_dir: Path, takes: int) -> None:
    """Get a corpus: download fsdd and verify it, or synthesise digits with espeak-ng.

    What is there and whole is kept.

    Example: fsaasr fetch fsdd corpora/fsdd
    """
    if corpus == "fsdd":
        from fsaasr.corpora import fetch_fsdd

        click.echo(fetch_fsdd(out_dir))
    else:
        from fsaasr.corpora import SyntheticOptions, synthesise_digits

        click.echo(synthesise_digits(out_dir, SyntheticOptions(takes=takes)))
