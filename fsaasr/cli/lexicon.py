"""`fsaasr lexicon`: verbs about lexicons."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Tuple

import click

from fsaasr.cli.options import EITHER, FILE, FOLDER, cache_option


@click.group()
def lexicon() -> None:
    """Work with lexicons.

    A LEXICON is a file (Kaldi's lexicon.txt, lexiconp.txt, or CMUdict) or a lang directory; what is written is of the
    same kind, a file in lexiconp.txt form.

    \b
    Examples:
      fsaasr lexicon check lexicon.txt --arpa 3gram.arpa
      fsaasr lexicon merge cmudict.dict own.txt lexicon.txt --conflict second
      fsaasr lexicon learn-weights exp/mono data/cuts_train.jsonl.gz lang lang_learned
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
@click.argument("lexicon_path", metavar="LEXICON", type=EITHER)
@click.argument("words", type=FILE)
@click.argument("out", type=EITHER)
@click.option("--g2p", "g2p_model", type=FILE, required=True, help="Model of `fsaasr g2p train`.")
@click.option("--count", default=1, show_default=True, help="Pronunciations of a word, at most.")
@click.option("--skip-unknown", is_flag=True, help="Leave out letters that the model does not know.")
def add(lexicon_path: Path, words: Path, out: Path, g2p_model: Path, count: int, skip_unknown: bool) -> None:
    """Add words to a lexicon, with pronunciations by letters.

    WORDS is a text; those of its words that LEXICON lacks are added in OUT. Tokens stay the same, so that models of the
    lexicon fit.

    Example: fsaasr lexicon add lang words.txt lang_more --g2p g2p.model
    """
    from fsaasr.g2p import load_g2p, with_words
    from fsaasr.lexicon import load_lexicon, read_words, save_lexicon

    before = load_lexicon(lexicon_path)
    after = with_words(before, read_words(words), load_g2p(g2p_model), count, skip_unknown)
    save_lexicon(after, out, like=lexicon_path)
    click.echo(f"{out}: {len(after.words) - len(before.words)} words added, {len(after.words) - 1} in all")


@lexicon.command()
@click.argument("lexicon_path", metavar="LEXICON", type=EITHER)
@click.option("--arpa", type=FILE, help="Language model: which words does either side lack?")
@click.option("--words", "vocabulary", type=FILE, help="The same for a text, in place of a language model.")
@click.option("--tokens", type=FILE, help="The model's tokens, as tokens.txt, vocab.json or a sentencepiece model.")
@click.option("--limit", default=10, show_default=True, help="Examples of each finding.")
@click.option("--json", "out", type=FILE, help="Write all findings to this file.")
def check(
    lexicon_path: Path,
    arpa: Optional[Path],
    vocabulary: Optional[Path],
    tokens: Optional[Path],
    limit: int,
    out: Optional[Path],
) -> None:
    """Say what a recognizer may stumble over.

    Homophones, words that differ by one token, pronunciations that begin longer ones or are several words in a row,
    tokens and words that one side has and the other lacks.

    Example: fsaasr lexicon check lexicon.txt --arpa 3gram.arpa --tokens vocab.json
    """
    from fsaasr.core.files import write_json
    from fsaasr.grammar import read_arpa
    from fsaasr.lexicon import lexicon_report, load_lexicon, read_words
    from fsaasr.lexicon.token_tables import read_token_table

    if arpa and vocabulary:
        raise click.UsageError("give --arpa or --words, not both")
    words = read_arpa(arpa).vocabulary if arpa else read_words(vocabulary) if vocabulary else None
    table = read_token_table(tokens).tokens if tokens else None
    report = lexicon_report(load_lexicon(lexicon_path), table, words, limit)
    if out:
        write_json(out, report.to_dict())
    click.echo(report.summary(limit))


@lexicon.command()
@click.argument("first", type=EITHER)
@click.argument("second", type=EITHER)
@click.argument("out", type=EITHER)
@click.option(
    "--conflict",
    type=click.Choice(["union", "first", "second", "error"]),
    default="union",
    show_default=True,
    help="Pronunciations of words that both have: of both, of one, or stop where they differ.",
)
@click.option(
    "--weighting",
    type=click.Choice(["max", "first", "mean"]),
    default="max",
    show_default=True,
    help="Probability of a pronunciation in a union.",
)
def merge(first: Path, second: Path, out: Path, conflict: str, weighting: str) -> None:
    """Make one lexicon of two.

    Example: fsaasr lexicon merge cmudict.dict own.txt lexicon.txt --conflict second
    """
    from fsaasr.lexicon import differing_words, load_lexicon, merge_lexicons, save_lexicon

    one, other = load_lexicon(first), load_lexicon(second)
    merged = merge_lexicons(one, other, conflict, weighting)  # type: ignore[arg-type]
    save_lexicon(merged, out, like=first)
    differing = len(differing_words(one, other))
    click.echo(
        f"{out}: {len(merged)} pronunciations of {len(merged.words) - 1} words; {differing} words were pronounced "
        "otherwise in the second lexicon"
    )


@lexicon.command()
@click.argument("lexicon_path", metavar="LEXICON", type=EITHER)
@click.argument("out", type=EITHER)
@click.option("--vocabulary", type=FILE, help="Text; only its words stay.")
@click.option("--text", type=FILE, help="Text in which words are counted; needs --min-count.")
@click.option("--min-count", type=int, help="Words that TEXT has less often go.")
@click.option("--min-probability", default=0.0, show_default=True, help="Least share of a word's best pronunciation.")
@click.option("--max-pronunciations", type=int, help="Of a word.")
@click.option("--keep", multiple=True, help="A word that stays in any case; may be repeated.")
def prune(
    lexicon_path: Path,
    out: Path,
    vocabulary: Optional[Path],
    text: Optional[Path],
    min_count: Optional[int],
    min_probability: float,
    max_pronunciations: Optional[int],
    keep: Tuple[str, ...],
) -> None:
    """Leave out words and pronunciations.

    Example: fsaasr lexicon prune cmudict.dict lexicon.txt --text train.txt --min-count 3
    """
    from fsaasr.lexicon import count_words, load_lexicon, prune_lexicon, read_words, save_lexicon

    if (text is None) != (min_count is None):
        raise click.UsageError("--text and --min-count go together")
    before = load_lexicon(lexicon_path)
    after = prune_lexicon(
        before,
        vocabulary=set(read_words(vocabulary)) if vocabulary else None,
        counts=count_words(text) if text else None,
        min_count=min_count or 1,
        min_probability=min_probability,
        max_pronunciations=max_pronunciations,
        keep=keep,
    )
    save_lexicon(after, out, like=lexicon_path)
    click.echo(
        f"{out}: {len(after)} of {len(before)} pronunciations, {len(after.words) - 1} of {len(before.words) - 1} words"
    )


@lexicon.command("coverage")
@click.argument("lexicon_path", metavar="LEXICON", type=EITHER)
@click.argument("text", type=FILE)
@click.option("--tokens", type=FILE, help="The model's tokens, as tokens.txt, vocab.json or a sentencepiece model.")
@click.option("--limit", default=10, show_default=True, help="Words shown.")
@click.option("--missing", type=FILE, help="Write all missing words to this file, the most frequent first.")
def coverage_of(lexicon_path: Path, text: Path, tokens: Optional[Path], limit: int, missing: Optional[Path]) -> None:
    """Say which words of a text are not in the lexicon.

    Example: fsaasr lexicon coverage lexicon.txt dev.txt --missing oov.txt
    """
    from fsaasr.core.files import write_text
    from fsaasr.lexicon import coverage, load_lexicon
    from fsaasr.lexicon.token_tables import read_token_table
    from fsaasr.lexicon.utf8_text import read_utf8

    table = read_token_table(tokens).tokens if tokens else None
    report = coverage(load_lexicon(lexicon_path), read_utf8(text), table)
    if missing:
        write_text(missing, "".join(f"{word}\n" for word, _ in report.missing))
    click.echo(report.summary(limit))


@lexicon.command("confusable")
@click.argument("lexicon_path", metavar="LEXICON", type=EITHER)
@click.argument("out", type=FILE, required=False)
@click.option("--distance", default=1, show_default=True, help="Most edits; above 1, all pairs are compared.")
@click.option("--words", type=FILE, help="Text; only pairs of its words count.")
@click.option("--arpa", type=FILE, help="Language model: pairs that stand in the same contexts come first.")
@click.option("--limit", default=20, show_default=True, help="Pairs shown where there is no OUT.")
def confusable_words(
    lexicon_path: Path, out: Optional[Path], distance: int, words: Optional[Path], arpa: Optional[Path], limit: int
) -> None:
    """List pairs of words that sound alike.

    Lines of word, word, edits, weight, and both pronunciations, with tabs between. With --arpa the weight is how often
    the language model, knowing the word before, would take one for the other if both sounded the same.

    Example: fsaasr lexicon confusable lexicon.txt pairs.tsv --arpa 3gram.arpa
    """
    from fsaasr.core.files import write_text
    from fsaasr.grammar import ContextOverlap, read_arpa
    from fsaasr.lexicon import confusable, load_lexicon, read_words

    chosen = read_words(words) if words else None
    overlap = ContextOverlap(read_arpa(arpa)) if arpa else None
    pairs = confusable(load_lexicon(lexicon_path), distance, chosen, overlap)
    lines = [
        f"{pair.word}\t{pair.other}\t{pair.distance}\t{pair.weight:.4g}\t{' '.join(pair.tokens)}\t"
        f"{' '.join(pair.other_tokens)}\n"
        for pair in (pairs if out else pairs[:limit])
    ]
    if out:
        write_text(out, "".join(lines))
        click.echo(f"{out}: {len(pairs)} pairs")
    else:
        click.echo("".join(lines), nl=False)


@lexicon.command()
@click.argument("lexicon_path", metavar="LEXICON", type=EITHER)
@click.argument("out", type=EITHER)
@click.option("--from", "source", required=True, help="arpabet, arpabet-stress, ipa or xsampa.")
@click.option("--to", "target", required=True, help="One of the same.")
def convert(lexicon_path: Path, out: Path, source: str, target: str) -> None:
    """Write a lexicon in another phone set of English.

    Example: fsaasr lexicon convert cmudict.dict lexicon.txt --from arpabet-stress --to ipa
    """
    from fsaasr.lexicon import convert_phones, load_lexicon, save_lexicon

    made = convert_phones(load_lexicon(lexicon_path), source, target)  # type: ignore[arg-type]
    save_lexicon(made, out, like=lexicon_path)
    click.echo(f"{out}: {len(made)} pronunciations in {len(made.tokens) - 1} tokens")
