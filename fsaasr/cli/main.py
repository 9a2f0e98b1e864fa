"""The command group `fsaasr`; a verb's module is imported only when the verb is used."""

from __future__ import annotations

import importlib
from typing import Any, Dict, List, NamedTuple, Optional

import click

import fsaasr
from fsaasr.core.errors import FsaasrError


class Verb(NamedTuple):
    """Where a verb is, in a module that has its name or is called as its function, and its line in `fsaasr --help`."""

    module: str
    summary: str


COMMANDS: Dict[str, Verb] = {
    "doctor": Verb("fsaasr.cli.doctor", "Print the packages that fsaasr uses and whether they fit one another."),
    "fetch": Verb(
        "fsaasr.cli.fetch", "Get a corpus: download fsdd or parts of librispeech, or synthesise digits with espeak-ng."
    ),
    "prepare": Verb("fsaasr.cli.prepare", "Make cut manifests of a corpus directory."),
    "lang": Verb("fsaasr.cli.lang", "Make a lang directory of a lexicon."),
    "lexicon": Verb("fsaasr.cli.lexicon", "Work with lexicons."),
    "g2p": Verb("fsaasr.cli.g2p", "Train and apply a model of letters and tokens."),
    "lm": Verb("fsaasr.cli.lm", "Estimate an n-gram model from text."),
    "train-lm": Verb("fsaasr.cli.train_lm", "Train a neural language model on text."),
    "graph": Verb("fsaasr.cli.graph", "Compose lexicon, grammar and topology into a decoding graph."),
    "import": Verb("fsaasr.cli.import_graph", "Make a graph file of a graph from Kaldi or icefall."),
    "train": Verb("fsaasr.cli.train", "Train an acoustic model."),
    "tune": Verb("fsaasr.cli.tune", "Choose scales on dev data and freeze them in a file."),
    "export": Verb("fsaasr.cli.export", "Write a GMM-HMM as files that Kaldi reads."),
    "decode": Verb("fsaasr.cli.decode", "Recognize cuts with a model and a graph."),
    "lattice": Verb("fsaasr.cli.lattice", "Work with files of lattices."),
    "align": Verb("fsaasr.cli.align", "Align cuts with their transcripts."),
    "align-compare": Verb("fsaasr.cli.align_compare", "Compare the times of two alignments of the same utterances."),
    "wer": Verb("fsaasr.cli.wer", "Compare hypotheses with references."),
    "draw": Verb("fsaasr.cli.draw", "Draw lattices over time, a small graph, or what a GMM-HMM holds."),
    "transcribe": Verb("fsaasr.cli.transcribe", "Recognize audio files; print words with times and confidences."),
    "recipe": Verb("fsaasr.cli.recipe", "Run a stage of an experiment that a YAML file describes."),
    "report": Verb("fsaasr.cli.report", "Write the HTML report of an experiment."),
    "compare": Verb("fsaasr.cli.compare", "Compare the systems of experiments on the test sets that they share."),
}
"""All verbs, in the order of use."""


class LazyGroup(click.Group):
    """Imports a verb's module when the verb is called, and turns the library's errors into one line."""

    def list_commands(self, ctx: click.Context) -> List[str]:
        """Verbs in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> Optional[click.Command]:
        """Imports the verb; None where there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        module = COMMANDS[cmd_name].module
        command: click.Command = getattr(importlib.import_module(module), module.rpartition(".")[2])
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the verbs without importing them."""
        with formatter.section("Verbs, in the order of use"):
            formatter.write_dl([(name, verb.summary) for name, verb in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the verb; errors of the caller's input end in status 1 without traceback."""
        try:
            return super().invoke(ctx)
        except FsaasrError as error:
            raise click.ClickException(" ".join(str(error).split())) from error
        except OSError as error:
            if error.filename is None:
                raise
            raise click.ClickException(f"{error.filename}: {error.strerror}") from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(fsaasr.__version__, prog_name="fsaasr")
def main() -> None:
    """Speech recognition with finite-state graphs.

    \b
    Example, from a corpus to words:
      fsaasr prepare yesno CORPUS data
      fsaasr lang data/lexicons/yesno.txt lang --silence SIL
      fsaasr train gmm data/cuts_train.jsonl.gz lang egs/yesno/conf/gmm.yaml model
      fsaasr transcribe model AUDIO.wav
    """
