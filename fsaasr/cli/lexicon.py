"""`fsaasr lexicon`: verbs about lexicons."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import click

from fsaasr.cli.options import FILE, FOLDER, cache_option


@click.group()
def lexicon() -> None:
    """Work with lexicons.

    Example: fsaasr lexicon learn-weights exp/mono data/cuts_train.jsonl.gz lang lang_learned
    """


@lexicon.command("learn-weights")
@click.argument("model_dir", type=FOLDER)
@click.argument("cuts", type=FILE)
@click.argument("lang_dir", type=FOLDER)
@click.argument("out_dir", type=FOLDER)
@click.option(
    "--max-normalize/--no-max-normalize",
    default=True,
    show_default=True,
    help="Divide the probabilities of a word's pronunciations by the largest.",
)
@click.option("--silence/--no-silence", default=True, show_default=True, help="Learn silence probabilities, too.")
@cache_option
def learn_weights(
    model_dir: Path,
    cuts: Path,
    lang_dir: Path,
    out_dir: Path,
    max_normalize: bool,
    silence: bool,
    cache: Optional[Path],
) -> None:
    """Learn pronunciation and silence probabilities.

    Aligns CUTS with a model, counts which pronunciation each word has and where there is silence, and writes the
    lexicon of LANG_DIR with these weights as the lang directory OUT_DIR, in Kaldi's lexiconp_silprob.txt and
    silprob.txt, too.

    Example: fsaasr lexicon learn-weights exp/mono data/cuts_train.jsonl.gz lang lang_learned
    """
    from fsaasr.lexicon import WeightConfig
    from fsaasr.recipe import learn_lexicon

    config = WeightConfig(max_normalize=max_normalize, silence=silence)
    learned = learn_lexicon(model_dir, cuts, lang_dir, out_dir, config, cache)
    likely = sum(entry.log_prob == 0 for entry in learned.pronunciations)
    click.echo(
        f"{out_dir}: {len(learned)} pronunciations of {len(learned.words) - 1} words, {likely} with probability 1"
    )
    if learned.silence is not None:
        own = sum(entry.silence is not None for entry in learned.pronunciations)
        click.echo(
            f"{learned.silence.token}: probability {learned.silence.probability:.3f}, {own} words with their own"
        )


@lexicon.command()
@click.argument("lang_dir", type=FOLDER)
@click.argument("words", type=FILE)
@click.argument("out_dir", type=FOLDER)
@click.option("--g2p", "g2p_model", type=FILE, required=True, help="Model of `fsaasr g2p train`.")
@click.option("--count", default=1, show_default=True, help="Pronunciations of a word, at most.")
@click.option("--skip-unknown", is_flag=True, help="Leave out letters that the model does not know.")
def add(lang_dir: Path, words: Path, out_dir: Path, g2p_model: Path, count: int, skip_unknown: bool) -> None:
    """Add words to a lexicon, with pronunciations by letters.

    WORDS is a text; those of its words that the lexicon of LANG_DIR lacks are added in OUT_DIR. Tokens stay the same,
    so that models of the lexicon fit.

    Example: fsaasr lexicon add lang words.txt lang_more --g2p g2p.model
    """
    from fsaasr.g2p import load_g2p, with_words
    from fsaasr.lexicon import read_lang, read_words, write_lang

    before = read_lang(lang_dir)
    after = with_words(before, read_words(words), load_g2p(g2p_model), count, skip_unknown)
    write_lang(after, out_dir)
    click.echo(f"{out_dir}: {len(after.words) - len(before.words)} words added, {len(after.words) - 1} in all")
