"""`fsaasr g2p`: pronunciations of words that no lexicon has."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import click

from fsaasr.cli.options import FILE


@click.group()
def g2p() -> None:
    """Train and apply a model of letters and tokens.

    \b
    Examples:
      fsaasr g2p train lexicon.txt g2p.model
      fsaasr g2p test g2p.model heldout.txt
      fsaasr g2p apply g2p.model words.txt new_words.txt --count 2
    """


@g2p.command()
@click.argument("lexicon", type=FILE)
@click.argument("model", type=FILE)
@click.option("--order", default=8, show_default=True, help="Of the n-gram model of units, 1 to 8.")
@click.option("--max-letters", default=1, show_default=True, help="Of a unit.")
@click.option("--max-tokens", default=2, show_default=True, help="Of a unit.")
@click.option("--deletions/--no-deletions", default=True, show_default=True, help="Units of letters without tokens.")
@click.option("--many-to-many", is_flag=True, help="Units with several letters and several tokens, too.")
@click.option(
    "--both-directions/--one-direction",
    default=True,
    show_default=True,
    help="A second model, from the last unit to the first, ranks the best pronunciations.",
)
def train(
    lexicon: Path,
    model: Path,
    order: int,
    max_letters: int,
    max_tokens: int,
    deletions: bool,
    many_to_many: bool,
    both_directions: bool,
) -> None:
    """Train a model on a lexicon file.

    Example: fsaasr g2p train lexicon.txt g2p.model
    """
    from fsaasr.g2p import G2pConfig, save_g2p, train_g2p
    from fsaasr.lexicon import read_lexicon

    config = G2pConfig(max_letters, max_tokens, deletions, many_to_many, order=order, both_directions=both_directions)
    trained, alignment = train_g2p(read_lexicon(lexicon), config)
    save_g2p(trained, model)
    passes = len(alignment.log_likelihood) - 1
    click.echo(f"log likelihood of a letter after {passes} passes: {alignment.log_likelihood[-1]:.4f}")
    if alignment.left_out:
        words = ", ".join(entry.word for entry in alignment.left_out[:10])
        click.echo(f"{len(alignment.left_out)} pronunciations were left out, as no units can say them: {words}")
    click.echo(f"{model}: {len(trained.units)} units of {len(alignment.entries)} pronunciations, {trained.ngram}")


@g2p.command()
@click.argument("model", type=FILE)
@click.argument("words", type=FILE)
@click.argument("lexicon", type=FILE, required=False)
@click.option("--count", default=1, show_default=True, help="Pronunciations of a word, at most.")
@click.option("--beam", default=8.0, show_default=True, help="Of the search; 0 searches all.")
@click.option("--skip-unknown", is_flag=True, help="Leave out letters that the model does not know.")
def apply(model: Path, words: Path, lexicon: Optional[Path], count: int, beam: float, skip_unknown: bool) -> None:
    """Say how words are pronounced.

    WORDS is a text; each of its words is pronounced once. Writes LEXICON, or prints lines: word, probability, tokens.

    Example: fsaasr g2p apply g2p.model words.txt new_words.txt --count 2
    """
    from fsaasr.g2p import load_g2p
    from fsaasr.lexicon import Lexicon, read_words
    from fsaasr.lexicon.formats import format_lexicon, write_lexicon

    said = load_g2p(model).pronounce_all(read_words(words), count, beam or None, skip_unknown)
    made = Lexicon(tuple(said))
    if lexicon is None:
        click.echo(format_lexicon(made), nl=False)
    else:
        write_lexicon(made, lexicon)
        click.echo(f"{lexicon}: {len(made)} pronunciations of {len(made.words) - 1} words")


@g2p.command()
@click.argument("model", type=FILE)
@click.argument("lexicon", type=FILE)
@click.option("--beam", default=8.0, show_default=True, help="Of the search; 0 searches all.")
@click.option("--skip-unknown", is_flag=True, help="Leave out letters that the model does not know.")
def test(model: Path, lexicon: Path, beam: float, skip_unknown: bool) -> None:
    """Compare a model with a lexicon file that it was not trained on.

    A word is right if its first guess is one of its pronunciations; token errors are those against the nearest.

    Example: fsaasr g2p test g2p.model heldout.txt
    """
    from fsaasr.g2p import g2p_errors, load_g2p
    from fsaasr.lexicon import read_lexicon

    errors = g2p_errors(load_g2p(model), read_lexicon(lexicon), beam or None, skip_unknown)
    click.echo(f"words: {100 * errors.word_error_rate:.2f} % of {errors.words} wrong")
    click.echo(f"tokens: {100 * errors.token_error_rate:.2f} % ({errors.token_errors} errors in {errors.tokens})")
