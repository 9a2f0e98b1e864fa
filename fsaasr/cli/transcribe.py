"""`fsaasr transcribe`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Optional, Tuple

import click

from fsaasr.cli.options import FILE, FOLDER


@click.command()
@click.argument("model_dir", type=FOLDER)
@click.argument("audio", type=FILE, nargs=-1, required=True)
@click.option("--graph", type=FILE, help="Graph to search; else the model's own, else a loop over its words.")
@click.option("--resample/--no-resample", default=True, show_default=True, help="Take audio of other rates, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, with tokens.")
@click.option("--engine", default="native", show_default=True)
def transcribe(
    model_dir: Path, audio: Tuple[Path, ...], graph: Optional[Path], resample: bool, as_json: bool, engine: str
) -> None:
    """Recognize audio files; print words with times.

    MODEL_DIR is any trained model's directory. A line for each word: file, start and end in seconds, word.

    Example: fsaasr transcribe exp/model/official/ctc-phones recording.wav
    """
    from fsaasr.decode import SearchOptions
    from fsaasr.recipe import transcribe as transcribe_files

    options = SearchOptions(engine)
    done = transcribe_files(model_dir, audio, graph_path=graph, options=options, resample=resample)
    if done.graph == "word loop":
        click.echo("no graph in the model directory: searching a loop over its words", err=True)
    for kind, count in done.flags.items():
        click.echo(f"{count} files: {kind}", err=True)
    for entry in done.files:
        if entry.resampled_from is not None:
            click.echo(f"{entry.path}: resampled from {entry.resampled_from} to {done.sampling_rate} Hz", err=True)
        if as_json:
            click.echo(json.dumps({**entry.hypothesis.to_dict(), "utterance": entry.path}, ensure_ascii=False))
            continue
        for word in entry.hypothesis.words:
            click.echo(f"{entry.path} {word.start:.2f} {word.end:.2f} {word.name}")
        if not entry.hypothesis.words:
            click.echo(f"{entry.path}: no words recognized", err=True)
