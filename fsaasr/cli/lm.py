"""`fsaasr lm`."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import click

from fsaasr.cli.options import FILE, FOLDER


@click.command()
@click.argument("text", type=FILE)
@click.argument("arpa", type=FILE)
@click.option("--order", default=3, show_default=True, help="Length of the longest n-grams, 1 to 8.")
@click.option("--ids", is_flag=True, help="TEXT has an utterance id before each sentence, as Kaldi's.")
@click.option("--lang", "lang_dir", type=FOLDER, help="Give all words of this lang directory a probability.")
def lm(text: Path, arpa: Path, order: int, ids: bool, lang_dir: Optional[Path]) -> None:
    """Estimate an n-gram model from text.

    Modified Kneser-Ney smoothing, as KenLM's lmplz. TEXT has one sentence a line.

    Example: fsaasr lm train.txt 3gram.arpa --order 3
    """
    from fsaasr.grammar import read_sentences
    from fsaasr.hypotheses import read_transcripts
    from fsaasr.lexicon import read_lang
    from fsaasr.recipe import estimate_arpa

    sentences = read_transcripts(text).values() if ids else read_sentences(text)
    words = read_lang(lang_dir).words.names[1:] if lang_dir else ()
    model = estimate_arpa(sentences, arpa, order, words)
    click.echo(f"{arpa}: {model}")
    for n in model.estimation.fallback if model.estimation else ():
        click.echo(f"order {n}: too little text to estimate discounts; fixed ones were used")
