"""`fsaasr lang`."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import click

from fsaasr.cli.options import FILE, FOLDER


@click.command()
@click.argument("lexicon", type=FILE)
@click.argument("lang_dir", type=FOLDER)
@click.option(
    "--units", type=click.Choice(["phones", "positioned-phones", "characters"]), default="phones", show_default=True
)
@click.option("--silence", default="", help="Token of optional silence, e.g. SIL; HMMs need one, CTC does not.")
@click.option("--silence-probability", default=0.5, show_default=True)
@click.option("--silprob", type=FILE, help="Kaldi's silprob.txt, where LEXICON is a lexiconp_silprob.txt.")
def lang(
    lexicon: Path, lang_dir: Path, units: str, silence: str, silence_probability: float, silprob: Optional[Path]
) -> None:
    """Make a lang directory of a lexicon.

    LEXICON is in Kaldi's lexicon.txt, lexiconp.txt or lexiconp_silprob.txt form, or CMUdict's; of a word list, too,
    with --units characters.

    Example: fsaasr lang data/lexicons/digits.txt lang --silence SIL
    """
    from fsaasr.recipe import make_lang

    made = make_lang(lexicon, lang_dir, units, silence, silence_probability, silprob)
    click.echo(
        f"{lang_dir}: {len(made)} pronunciations of {len(made.words) - 1} words in {len(made.tokens) - 1} tokens"
    )
