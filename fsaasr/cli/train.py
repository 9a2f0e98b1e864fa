"""`fsaasr train`."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import click

from fsaasr.cli.options import FILE, FOLDER, cache_option


@click.command()
@click.argument("family")
@click.argument("cuts", type=FILE)
@click.argument("lang_dir", type=FOLDER)
@click.argument("config", type=FILE)
@click.argument("out_dir", type=FOLDER)
@click.option("--dev", type=FILE, help="Manifest that chooses the best epoch of a network.")
@click.option(
    "--start",
    type=FOLDER,
    help="Model directory to begin with: its alignments (tied-gmm, hybrid), or the encoder of a CTC model (attention, "
    "transducer, ctc).",
)
@click.option("--device", default="cpu", show_default=True, help="torch device of a network.")
@cache_option
def train(
    family: str,
    cuts: Path,
    lang_dir: Path,
    config: Path,
    out_dir: Path,
    dev: Optional[Path],
    start: Optional[Path],
    device: str,
    cache: Optional[Path],
) -> None:
    """Train an acoustic model.

    FAMILY is one of gmm, tied-gmm, hybrid, ctc, transducer and attention.

    CONFIG is YAML with the sections `features` and `training`, and `tree` for tied-gmm. A killed
    training goes on where its last checkpoint was.

    Example: fsaasr train gmm data/cuts_train.jsonl.gz lang egs/digits/conf/gmm.yaml model
    """
    from fsaasr.graph import find_topology
    from fsaasr.recipe import read_setup, train_model

    setup = read_setup(family, config)
    model = train_model(setup, cuts, lang_dir, out_dir, dev_path=dev, cache_dir=cache, device=device, start_dir=start)
    click.echo(
        f"{out_dir}: {model.family}, {len(model.tokens) - 1} tokens, topology {find_topology(model.topology).name}"
    )
