"""Parameters that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple, TypeVar

import click
import yaml

from fsaasr.core.errors import ConfigError

if TYPE_CHECKING:
    from fsaasr.recipe import Archive

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
EITHER = click.Path(path_type=Path)


def key_values(pairs: Tuple[str, ...]) -> Dict[str, Any]:
    """`a.b=1 c=x` as `{"a": {"b": 1}, "c": "x"}`; values are YAML.

    Raises:
      ConfigError: a pair without `=`, a value that is not YAML, or a key below one that has a value.
    """
    values: Dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"option {pair!r}: value is not YAML ({error})") from error
        *parents, last = key.split(".")
        place = values
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise ConfigError(f"option {pair!r}: {parent!r} has a value already")
        if not equals or not last:
            raise ConfigError(f"option {pair!r}: expected KEY=VALUE, e.g. style=connected")
        place[last] = value
    return values


def cache_option(function: F) -> F:
    """`--cache`."""
    return click.option("--cache", type=FOLDER, help="Keep extracted features here and find them again.")(function)


def formats_option(default: str) -> Callable[[F], F]:
    """`--formats`."""

    def names(context: click.Context, parameter: click.Parameter, value: str) -> Tuple[str, ...]:
        from fsaasr.hypotheses import check_formats

        # Before the work, not after it.
        return check_formats(filter(None, value.split(",")))

    return click.option(
        "--formats",
        default=default,
        show_default=True,
        callback=names,
        help="Of text, jsonl, ctm, textgrid, srt, vtt, supervisions; with commas.",
    )


def search_options(function: F) -> F:
    """`--engine` and the beams."""
    for option in (
        click.option("--max-active", default=10000, show_default=True, help="States kept a frame (k2)."),
        click.option("--lattice-beam", default=8.0, show_default=True, help="How far behind the best a path may be."),
        click.option("--search-beam", default=16.0, show_default=True, help="How far behind a state may be (k2)."),
        click.option("--engine", default="native", show_default=True, help="native, k2 or k2-exact."),
    ):
        function = option(function)
    return function


def fusion_options(function: F) -> F:
    """What joins the search of models that say tokens."""
    model = click.Path(path_type=str)
    estimates = click.Choice(["zero", "average"])
    for option in (
        click.option("--internal", type=estimates, help="Take away the model's own LM, as it says hearing this."),
        click.option("--subtract", "subtracted", type=model, help="Language model of tokens to take away, likewise."),
        click.option("--add", "added", type=model, help="Language model of tokens: ARPA file or directory."),
    ):
        function = option(function)
    return function


def fusion_of(added: Optional[str], subtracted: Optional[str], internal: Optional[str]) -> Optional[Dict[str, str]]:
    """What these parameters mean, as `load_fusion` takes it."""
    parts = {"added": added, "subtracted": subtracted, "internal": internal}
    return {name: part for name, part in parts.items() if part is not None} or None


def word_options(function: F) -> F:
    """What words add to a search beside its graph: `--hotwords`, `--lm-on-the-fly` and `--lm-replaces`."""
    phrases = "Phrases that are likelier than the graph knows: phrase, weight and display form a line, tabs between."
    large = "Large n-gram model in place of the graph's own: ARPA, a FailureAutomaton's file, or KenLM's binary form."
    for option in (
        click.option("--lm-replaces", "replaces", type=FILE, help="N-gram model that the graph was made with."),
        click.option("--lm-on-the-fly", "on_the_fly", type=FILE, help=large),
        click.option("--hotwords", type=FILE, help=phrases),
    ):
        function = option(function)
    return function


def spelling_option(function: F) -> F:
    """`--spell-unknown`."""
    spelt = "Spell unknown words, and speech in which no word was found."
    return click.option("--spell-unknown", is_flag=True, help=spelt)(function)


def source_options(function: F) -> F:
    """The archive to read, and what its files do not say."""
    for option in (
        click.option("--frame-shift", default=0.01, show_default=True, help="Seconds, for files that do not say."),
        click.option("--graph", type=FILE, help="Graph that names words and columns."),
        click.option("--words", type=FILE, help="Kaldi's words.txt, for files that have numbers only."),
        click.argument("lattices"),
    ):
        function = option(function)
    return function


def scaled_options(function: F) -> F:
    """The archive to read, and factors of the scores by which alignments, and paths within a beam, are chosen."""
    for option in (
        click.option("--lm-scale", default=1.0, show_default=True, help="Factor of graph scores."),
        click.option("--acoustic-scale", default=1.0, show_default=True, help="Factor of acoustic scores."),
        source_options,
    ):
        function = option(function)
    return function


def archive_options(function: F) -> F:
    """The archive to read, and the weights under which its paths are compared."""
    return scaled_options(
        click.option("--penalty", default=0.0, show_default=True, help="Word insertion penalty.")(function)
    )


def archive_of(
    lattices: str,
    words: Optional[Path],
    graph: Optional[Path],
    frame_shift: float,
    acoustic_scale: float,
    lm_scale: float,
    penalty: float = 0.0,
) -> Archive:
    """The archive that these parameters mean."""
    from fsaasr.recipe import Archive, Scales

    return Archive(lattices, words, graph, frame_shift, Scales(acoustic_scale, lm_scale, penalty))
