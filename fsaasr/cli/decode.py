"""`fsaasr decode`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional, Tuple

import click

from fsaasr.cli.options import (
    FILE,
    FOLDER,
    cache_option,
    formats_option,
    fusion_of,
    fusion_options,
    search_options,
    spelling_option,
    word_options,
)


@click.command()
@click.argument("model_dir", type=FOLDER)
@click.argument("graph", type=FILE)
@click.argument("cuts", type=FILE)
@click.argument("out_dir", type=FOLDER)
@click.option("--scales", type=FILE, help="Scales that `fsaasr tune` froze.")
@search_options
@cache_option
@fusion_options
@formats_option("text,jsonl")
@click.option("--lattices", help="Write word lattices to this file: lat.ark.gz, lattices/*.slf, lat.jsonl, ...")
@word_options
@spelling_option
@click.option("--lang", type=FOLDER, help="Lang directory of the graph, for --lattices that keep score parts apart.")
def decode(
    model_dir: Path,
    graph: Path,
    cuts: Path,
    out_dir: Path,
    scales: Optional[Path],
    engine: str,
    search_beam: float,
    lattice_beam: float,
    max_active: int,
    cache: Optional[Path],
    added: Optional[str],
    subtracted: Optional[str],
    internal: Optional[str],
    formats: Tuple[str, ...],
    lattices: Optional[str],
    hotwords: Optional[Path],
    on_the_fly: Optional[Path],
    replaces: Optional[Path],
    spell_unknown: bool,
    lang: Optional[Path],
) -> None:
    """Recognize cuts with a model and a graph.

    Writes hyp.txt and ref.txt (Kaldi's text form), hyp.jsonl (words and tokens with times), utt2spk
    and decode.json (options, speed, troubles) into OUT_DIR; --formats names what else to write of the hypotheses.
    Unknown words, of a graph that `fsaasr graph --unknown` made, are <unk>, or, with --spell-unknown, their letters
    (phones with - between); hyp.jsonl marks them by their spelling.
    Language models that join a search (--add, --subtract, --internal) have the scales that `fsaasr tune` froze with
    them.

    \b
    Examples:
      fsaasr decode model loop.graph data/cuts_test.jsonl.gz exp/decode --engine native
      fsaasr decode model loop.graph data/cuts_test.jsonl.gz exp/decode --lattices exp/decode/lat.ark.gz
      fsaasr decode model 1.graph data/cuts_test.jsonl.gz exp/decode --lm-on-the-fly 4.arpa --lm-replaces 1.arpa
    """
    from fsaasr.decode import SearchOptions
    from fsaasr.recipe import Scales, decode_cuts, read_scales

    options = SearchOptions(engine, search_beam, lattice_beam, max_active)
    chosen = read_scales(scales) if scales else Scales()
    where, fusion = (model_dir, graph, cuts, out_dir), fusion_of(added, subtracted, internal)
    words: Dict[str, Any] = {"hotwords": hotwords, "on_the_fly": on_the_fly, "replaces": replaces}
    words["spell_unknown"] = spell_unknown
    decoded = decode_cuts(*where, options, chosen, cache, formats, lattices, lang, fusion=fusion, **words)
    click.echo(f"{out_dir}: {len(decoded.hypotheses)} utterances, real-time factor {decoded.rtf:.4f}")
    for kind, count in decoded.flags.items():
        click.echo(f"{count} utterances: {kind}")
