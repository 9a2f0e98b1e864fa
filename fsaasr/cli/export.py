"""`fsaasr export`."""

from __future__ import annotations

from pathlib import Path

import click

from fsaasr.cli.options import FILE, FOLDER


@click.command()
@click.argument("model_dir", type=FOLDER)
@click.argument("out", type=FILE)
def export(model_dir: Path, out: Path) -> None:
    """Write a GMM-HMM as files that Kaldi reads.

    Into the folder OUT go final.mdl, tree, topo and phones.txt, and final.mat with splice_opts where the model's
    features are spliced and transformed.

    \b
    Example:
      fsaasr export exp/gmm-tri exp/kaldi
    """
    from fsaasr.models import load_model
    from fsaasr.models.kaldi import write_kaldi_model

    model = load_model(model_dir)
    write_kaldi_model(model, out)
    click.echo(f"{out}: {len(model.tokens) - 1} phones")
