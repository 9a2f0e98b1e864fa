"""`fsaasr lattice`: what can be done with files of lattices, whatever their format."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import click

from fsaasr.cli.draw import draw
from fsaasr.cli.options import FILE, archive_of, archive_options, scaled_options


@click.group()
def lattice() -> None:
    """Work with files of lattices.

    A file's name tells its format, for reading and for writing; `fsaasr lattice formats` lists them. Lattices pass
    through one at a time, so that archives may be of any size.

    \b
    Examples:
      fsaasr lattice info exp/lat.ark.gz --words lang/words.txt
      fsaasr lattice mbr exp/lat.ark.gz exp/mbr.ctm --graph loop.graph --acoustic-scale 0.8
      fsaasr lattice copy ark:lat.1.gz 'slf/*.slf.gz' --words lang/words.txt
    """


determinize_option = click.option(
    "--determinize", is_flag=True, help="Make word lattices: each word sequence once, as the scales choose."
)


@lattice.command()
def formats() -> None:
    """List the formats and what they lose.

    Example: fsaasr lattice formats
    """
    from fsaasr.lattice.formats import FORMATS

    for form in FORMATS:
        names = " ".join(form.prefixes + form.suffixes)
        click.echo(f"{form.name}: {names}; loses {form.loses or 'nothing'}")


@lattice.command()
@archive_options
def info(**archive: Any) -> None:
    """Print sizes, depth and troubles.

    Example: fsaasr lattice info exp/lat.ark.gz --words lang/words.txt
    """
    from fsaasr.recipe import measure_lattices

    click.echo(measure_lattices(archive_of(**archive)).to_text())


@lattice.command()
@scaled_options
@click.argument("out")
@determinize_option
def copy(out: str, determinize: bool, **archive: Any) -> None:
    """Write lattices in the format of another file's name.

    Example: fsaasr lattice copy exp/lat.ark.gz 'exp/slf/*.slf.gz' --words lang/words.txt
    """
    from fsaasr.recipe import copy_lattices

    click.echo(f"{out}: {copy_lattices(archive_of(**archive), out, determinize)} lattices")


@lattice.command()
@archive_options
@click.argument("out")
@click.option("--beam", default=4.0, show_default=True, help="How far behind the best a path may be.")
@determinize_option
def prune(out: str, beam: float, determinize: bool, **archive: Any) -> None:
    """Keep what lies within a beam of the best path.

    Example: fsaasr lattice prune exp/lat.ark.gz exp/small.ark.gz --beam 4 --acoustic-scale 0.1
    """
    from fsaasr.recipe import prune_lattices

    click.echo(f"{out}: {prune_lattices(archive_of(**archive), out, beam, determinize)} lattices")


@lattice.command()
@archive_options
@click.argument("out")
@click.option("-n", "count", default=10, show_default=True, help="Word sequences of each utterance.")
def nbest(out: str, count: int, **archive: Any) -> None:
    """Write the best word sequences, named utterance-1, utterance-2, ...

    OUT is a file of hypotheses (.jsonl, .txt, .ctm), or a folder, by a slash at its end, for Kaldi's tables of texts
    and costs.

    Example: fsaasr lattice nbest exp/lat.ark.gz exp/nbest.jsonl -n 100 --words lang/words.txt
    """
    from fsaasr.recipe import nbest_of_lattices

    click.echo(f"{out}: lists of {nbest_of_lattices(archive_of(**archive), out, count)} utterances")


@lattice.command()
@archive_options
@click.argument("out")
@click.option("--networks", type=FILE, help="Write confusion networks as JSON lines.")
@click.option("--calibration", type=FILE, help="Calibrate confidences as this file says.")
def mbr(out: str, networks: Optional[Path], calibration: Optional[Path], **archive: Any) -> None:
    """Write the words with the fewest expected errors, with times and confidences.

    OUT is a file of hypotheses: .ctm, .jsonl, .txt.

    Example: fsaasr lattice mbr exp/lat.ark.gz exp/mbr.ctm --words lang/words.txt
    """
    from fsaasr.recipe import mbr_of_lattices

    found = mbr_of_lattices(archive_of(**archive), out, networks, calibration)
    click.echo(
        f"{out}: MBR, {found.words} words of {found.utterances} utterances, {found.expected_errors:.2f} errors "
        f"expected; of the best paths (MAP) {found.map_expected_errors:.2f}"
    )


@lattice.command()
@scaled_options
@click.argument("arpa", type=click.Path(path_type=Path))
@click.argument("out")
@click.option("--old", type=FILE, help="The model that the lattices were made with; its scores are taken out.")
@click.option("--weight", default=1.0, show_default=True, help="Of the new model; the old one has the rest.")
@click.option("--linear", is_flag=True, help="Mix probabilities instead of log probabilities.")
@click.option("--on-top", is_flag=True, help="Add to what stands, for lattices without language model.")
@click.option("--beam", type=float, help="Leave out paths so far behind the best; none: keep all.")
def rescore(
    arpa: Path,
    out: str,
    old: Optional[Path],
    weight: float,
    linear: bool,
    on_top: bool,
    beam: Optional[float],
    **archive: Any,
) -> None:
    """Put the scores of another language model in.

    ARPA is an n-gram model (KenLM's binary form, too), put in exactly, or the directory of a neural one
    (`fsaasr train-lm`).

    Example: fsaasr lattice rescore exp/lat.ark.gz 4gram.arpa exp/lat4.ark.gz --old 3gram.arpa --graph loop.graph
    """
    from fsaasr.lattice import Mixing
    from fsaasr.recipe import rescore_lattices

    mixing = Mixing(weight, linear, on_top)
    click.echo(f"{out}: {rescore_lattices(archive_of(**archive), out, arpa, old, mixing, beam)} lattices")


@lattice.command()
@archive_options
@click.argument("ref", type=FILE)
@click.option("--utt2spk", type=FILE, help="Speakers, for a line each in the table.")
@click.option("--beam", type=float, help="Only paths so far behind the best, under the scales; none: all.")
def oracle(ref: Path, utt2spk: Optional[Path], beam: Optional[float], **archive: Any) -> None:
    """Count the errors of the paths that come closest to references.

    REF is in Kaldi's text form.

    Example: fsaasr lattice oracle exp/lat.ark.gz exp/ref.txt --words lang/words.txt --beam 4
    """
    from fsaasr.evaluate import error_table
    from fsaasr.recipe import oracle_of_lattices

    report = oracle_of_lattices(archive_of(**archive), ref, utt2spk, beam)
    click.echo(error_table(report), nl=False)
    click.echo(f"oracle WER {100 * report.rate:.2f} %; {report.errors} errors in {report.words} words")


lattice.add_command(draw)
