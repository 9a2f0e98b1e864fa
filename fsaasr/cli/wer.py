"""`fsaasr wer`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Optional

import click

from fsaasr.cli.options import FILE

if TYPE_CHECKING:
    from fsaasr.evaluate import ErrorReport


@click.command()
@click.argument("ref", type=FILE)
@click.argument("hyp", type=FILE)
@click.option("--utt2spk", type=FILE, help="Speakers, for a line each in the table.")
@click.option("--characters", is_flag=True, help="Count characters instead of words.")
@click.option("--vocabulary", type=FILE, help="Lexicon or word list: report the words that it lacks, too.")
@click.option("--spellings", type=FILE, help="Lexicon with those words' right tokens; else their characters.")
@click.option("--details", is_flag=True, help="Print the alignment of every wrong utterance.")
@click.option("--by", type=click.Choice(["utterance", "speaker"]), default="utterance", show_default=True)
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
@click.option("--against", type=FILE, help="Hypotheses of another system, to test the difference.")
def wer(
    ref: Path,
    hyp: Path,
    utt2spk: Optional[Path],
    characters: bool,
    vocabulary: Optional[Path],
    spellings: Optional[Path],
    details: bool,
    by: str,
    seed: int,
    against: Optional[Path],
) -> None:
    """Compare hypotheses with references.

    REF and HYP are in a format that the file's name tells (.ctm, .jsonl, ...), else in Kaldi's text form. Prints the
    error rate with its 95 % bootstrap interval, drawn --by utterance or speaker, and a table of errors. --against
    another system it tells whether the difference is more than chance: by matched pairs of segments (MAPSSWE) and by
    the bootstrap. With --vocabulary also how many of the words that it lacks came out as <unk>, and, of a .jsonl file,
    how well they were spelt.

    \b
    Examples:
      fsaasr wer exp/decode/ref.txt exp/decode/hyp.txt --utt2spk exp/decode/utt2spk
      fsaasr wer exp/decode/ref.txt exp/decode/hyp.jsonl --vocabulary lang/lexiconp.txt --spellings large.txt
    """
    from fsaasr.evaluate import (
        alignment_table,
        bootstrap_interval,
        character_errors,
        error_table,
        word_errors,
    )
    from fsaasr.hypotheses import read_speakers, read_words

    score = character_errors if characters else word_errors
    references, speakers = read_words(ref), read_speakers(utt2spk) if utt2spk else None
    report = score(references, read_words(hyp), speakers)
    if details:
        click.echo(alignment_table(report))
    click.echo(error_table(report), nl=False)
    line = f"{'CER' if characters else 'WER'} {100 * report.rate:.2f} %"
    if len(report.utterances) > 1:
        low, high = bootstrap_interval(report, "speaker" if by == "speaker" else "utterance", seed=seed)
        line += f", 95 % interval {100 * low:.2f} to {100 * high:.2f} %"
    click.echo(f"{line}; {report.errors} errors in {report.words} {report.unit}s")
    if against is not None:
        click.echo(_difference(report, score(references, read_words(against), speakers), by, seed))
    if vocabulary:
        click.echo(_unknown_words(ref, hyp, vocabulary, spellings), nl=False)


def _difference(report: ErrorReport, other: ErrorReport, by: str, seed: int) -> str:
    from fsaasr.evaluate import matched_pairs, paired_bootstrap

    tested = matched_pairs([report], [other])
    drawn = paired_bootstrap([report], [other], "speaker" if by == "speaker" else "utterance", seed=seed)
    return (
        f"difference {100 * drawn.difference:+.2f} %, 95 % interval {100 * drawn.low:+.2f} to "
        f"{100 * drawn.high:+.2f} %; "
        f"matched pairs: {tested.segments} segments, {tested.differing} differ, z {tested.z:.2f}, p {tested.p:.4f}; "
        f"the smallest difference that they could show is {100 * tested.smallest_difference:.2f} %"
    )


def _unknown_words(ref: Path, hyp: Path, vocabulary: Path, spellings: Optional[Path]) -> str:
    from fsaasr.evaluate import unknown_word_report
    from fsaasr.hypotheses import read_hypotheses, read_words
    from fsaasr.lexicon import read_lexicon

    words = {line.split()[0] for line in vocabulary.read_text(encoding="utf-8").splitlines() if line.split()}
    found = {hypothesis.utterance: hypothesis.words for hypothesis in read_hypotheses(hyp)}
    return unknown_word_report(read_words(ref), found, words, read_lexicon(spellings) if spellings else None).summary()
