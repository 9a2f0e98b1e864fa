"""`fsaasr transcribe`."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Optional, Tuple

import click

from fsaasr.cli.options import FILE, FOLDER, spelling_option, word_options

if TYPE_CHECKING:
    from fsaasr.recipe.recognizer import Moment, Recognizer, Transcription

_CLEAR = "\r\x1b[K"
"""Takes a terminal back to the beginning of an empty line."""


@click.command()
@click.argument("model_dir", type=FOLDER)
@click.argument("audio", type=FILE, nargs=-1, required=True)
@click.option("--graph", type=FILE, help="Graph to search; else the model's own, else a loop over its words.")
@click.option("--lexicon", type=FILE, help="Make the graph: lexicon in place of the model's.")
@click.option("--lm", type=FILE, help="Make the graph: n-gram model (ARPA).")
@click.option("--scales", type=FILE, help="Scales that `fsaasr tune` froze; else the model directory's.")
@click.option("--engine", help="native, native-exact, k2 or k2-exact; else as tuned.")
@click.option("--search-beam", type=float, help="How far behind a state may be; else as tuned.")
@click.option("--resample/--no-resample", default=True, show_default=True, help="Take audio of other rates, too.")
@click.option("--longest", default=60.0, show_default=True, help="Cut longer audio where it is quiet; 0: never.")
@click.option("--nbest", default=0, show_default=True, help="Hypotheses to print of each utterance, with --json.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, with tokens.")
@click.option(
    "--stream", "streamed", is_flag=True, help="Hear each file chunk by chunk; say what is understood so far."
)
@click.option("--chunk", default=0.2, show_default=True, help="Seconds of a chunk.")
@click.option("--realtime", is_flag=True, help="Hear chunks no faster than they are spoken.")
@word_options
@spelling_option
@click.option("--endpoints", is_flag=True, help="Begin another utterance where the speaker has finished.")
@click.option("--buffered", is_flag=True, help="Search when the audio has ended, for models that do not stream.")
def transcribe(
    model_dir: Path,
    audio: Tuple[Path, ...],
    graph: Optional[Path],
    lexicon: Optional[Path],
    lm: Optional[Path],
    scales: Optional[Path],
    engine: Optional[str],
    search_beam: Optional[float],
    resample: bool,
    longest: float,
    nbest: int,
    as_json: bool,
    streamed: bool,
    hotwords: Optional[Path],
    on_the_fly: Optional[Path],
    replaces: Optional[Path],
    spell_unknown: bool,
    **listening: Any,
) -> None:
    """Recognize audio files; print words with times and confidences.

    MODEL_DIR is any trained model's directory. A line for each word: file, start and end in seconds, word, confidence.
    Unknown words, of a graph that `fsaasr graph --unknown` made, are <unk>, or, with --spell-unknown, their letters
    (phones with - between), marked by <unk> at the line's end, in JSON by their spelling.
    With --stream, what is understood so far, and what a listener waited for, go to standard error.

    \b
    Examples:
      fsaasr transcribe exp/model/official/ctc-phones recording.wav
      fsaasr transcribe exp/streaming/model/official/ctc recording.wav --stream --realtime
    """
    from fsaasr.recipe.recognizer import Recognizer

    recognizer = Recognizer.open(
        model_dir,
        graph=graph,
        lexicon=lexicon,
        lm=lm,
        scales=scales,
        nbest=nbest,
        hotwords=hotwords,
        on_the_fly=on_the_fly,
        replaces=replaces,
        spell_unknown=spell_unknown,
    )
    given = {"engine": engine, "search_beam": search_beam}
    recognizer = recognizer.with_options(**{name: value for name, value in given.items() if value is not None})
    done: Iterable[Transcription]
    if streamed:
        done = (_heard(recognizer, path, resample, **listening) for path in audio)
    else:
        done = recognizer.transcribe(list(audio), resample=resample, longest=longest or None)
    for path, transcription in zip(audio, done):
        if recognizer.source == "word loop" and lexicon is None and path == audio[0]:
            click.echo("no graph in the model directory: searching a loop over its words", err=True)
        _show(replace(transcription, name=str(path)), recognizer.sampling_rate, as_json)


def _show(done: Transcription, rate: int, as_json: bool) -> None:
    from fsaasr.core.hypothesis import UNKNOWN

    for flag in done.flags:
        click.echo(f"{done.name}: {flag}", err=True)
    if done.resampled_from is not None:
        click.echo(f"{done.name}: resampled from {done.resampled_from} to {rate} Hz", err=True)
    if as_json:
        click.echo(json.dumps(done.to_dict(), ensure_ascii=False))
        return
    for word in done.words:
        sure = "" if word.confidence is None else f" {word.confidence:.2f}"
        mark = f" {UNKNOWN}" if word.unknown and word.name != UNKNOWN else ""
        click.echo(f"{done.name} {word.start:.2f} {word.end:.2f} {word.name}{sure}{mark}")
    if not done.words:
        click.echo(f"{done.name}: no words recognized", err=True)


def _heard(
    recognizer: Recognizer, path: Path, resample: bool, chunk: float, realtime: bool, endpoints: bool, buffered: bool
) -> Transcription:
    from fsaasr.decode import ENDPOINT_RULES
    from fsaasr.recipe.recognizer import listen

    rules = ENDPOINT_RULES if endpoints else ()
    moments = listen(
        recognizer, path, chunk=chunk, realtime=realtime, endpoints=rules, buffered=buffered, resample=resample
    )
    for moment in _shown(moments):
        if moment.transcription is not None:
            late = moment.latency
            first = "-" if late.first_partial is None else f"{late.first_partial:.2f} s"
            begun = "-" if late.first_word is None else f"{late.first_word:.2f} s"
            click.echo(
                f"{path}: first partial after {first} (first word at {begun}), final {late.final:.3f} s after the end, "
                f"real-time factor {late.rtf:.3f}",
                err=True,
            )
            return moment.transcription
    raise AssertionError("listen ends with a transcription")


def _shown(moments: Iterator[Moment]) -> Iterator[Moment]:
    """Says what is understood so far, where it changes: on a terminal in one line, over and over."""
    terminal = sys.stderr.isatty()
    clear, before = _CLEAR if terminal else "", ""
    for moment in moments:
        for utterance in moment.ended:
            click.echo(f"{clear}{utterance.end:.2f} {utterance.hypothesis.text}.", err=True)
        text = moment.partial.text
        if text and text != before:
            line = f"{moment.heard:.2f} {text}"
            width = shutil.get_terminal_size().columns - 1
            click.echo(clear + line[-width:] if terminal else line, err=True, nl=not terminal)
        before = text
        if moment.transcription is not None:
            click.echo(clear, err=True, nl=False)
        yield moment
