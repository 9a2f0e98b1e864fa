"""`Layout`: a recipe and a folder; where everything lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Tuple

from fsaasr.core.files import PathLike, read_json, write_json
from fsaasr.recipe.spec import RecipeSpec

RESCORED = "+"
"""Stands between a grammar and the language model that rescores what is found with it."""


class Run(NamedTuple):
    """One row of the results; `grammar` may be one with a language model that rescores, `<grammar>+<model>`."""

    data: str
    system: str
    grammar: str
    engine: str


def decoded_files(folder: Path) -> Tuple[Path, ...]:
    """What a decoding writes into its folder."""
    return (folder / "hyp.txt", folder / "hyp.jsonl", folder / "ref.txt", folder / "decode.json")


@dataclass(frozen=True)
class Layout:
    """Paths of an experiment.

    Attributes:
      spec: the recipe.
      folder: where everything is written.
    """

    spec: RecipeSpec
    folder: Path

    @property
    def features_dir(self) -> Path:
        """Cache of extracted features."""
        return self.folder / "features"

    def data_dir(self, data: str) -> Path:
        """Manifests of one way to divide the corpus."""
        return self.folder / "data" / data

    def lang_dir(self, lexicon: str) -> Path:
        """Lang directory of a lexicon."""
        return self.folder / "lang" / lexicon

    def learned_lang_dir(self, data: str, lexicon: str) -> Path:
        """Lang directory of a lexicon with the weights that a training part taught; its own where none does."""
        return self.folder / "learned" / data / lexicon if self._teacher(lexicon) else self.lang_dir(lexicon)

    def lexicon_path(self, lexicon: str) -> Path:
        """File of a lexicon, in the recipe's folder or in the corpus that was prepared."""
        entry = self.spec.lexicons[lexicon]
        return Path(self.read_corpus()) / entry.file if entry.within == "corpus" else self.spec.path(entry.file)

    def arpa_path(self, data: str, grammar: str) -> Path:
        """N-gram model of a training text."""
        return self.folder / "lm" / data / f"{grammar}.arpa"

    def language_model_dir(self, data: str, name: str) -> Path:
        """Directory of a language model, see `fsaasr.recipe.language_models`."""
        return self.folder / "language" / data / name

    def perplexity_path(self, data: str, name: str) -> Path:
        """Perplexities of a language model, or of a grammar that is an n-gram model."""
        return self.folder / "perplexity" / data / f"{name}.json"

    def model_dir(self, data: str, system: str) -> Path:
        """Model directory."""
        return self.folder / "model" / data / system

    def graph_path(self, data: str, system: str, grammar: str) -> Path:
        """Decoding graph."""
        return self.folder / "graph" / data / system / f"{grammar}.graph"

    def scales_path(self, data: str, system: str, grammar: str) -> Path:
        """Scales chosen on dev data; weights, for a grammar with a model that rescores."""
        return self.folder / "tune" / data / system / f"{grammar}.json"

    def decode_dir(self, run: Run) -> Path:
        """Hypotheses of the test part."""
        return self.folder / "decode" / run.data / run.system / run.grammar / run.engine

    def lattice_dir(self, data: str, system: str, grammar: str) -> Path:
        """Word lattices of dev and test part, and what they are worth."""
        return self.folder / "lattices" / data / system / grammar

    def _teacher(self, lexicon: str) -> str:
        return self.spec.lexicons[lexicon].learned_from

    def write_corpus(self, corpus_dir: PathLike) -> None:
        """Keeps where the data came from, for lexicons that lie there and for the reports."""
        write_json(self.folder / "corpus.json", {"directory": str(Path(corpus_dir).absolute())})

    def read_corpus(self) -> str:
        """What `write_corpus` kept; empty where it kept nothing."""
        try:
            return str(read_json(self.folder / "corpus.json")["directory"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""
