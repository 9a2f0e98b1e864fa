"""`Layout`: a recipe and a folder; where everything lies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Tuple

from fsaasr.core.config import config_to_dict
from fsaasr.core.files import PathLike, read_json, write_json
from fsaasr.recipe.spec import RecipeSpec

RECIPE = "recipe.json"
"""The recipe, seeds told apart, in an experiment's folder."""

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
      device: torch device that networks are trained on.
    """

    spec: RecipeSpec
    folder: Path
    device: str = "cpu"

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
        """Lang directory of a lexicon with the weights that a training part taught, if any did."""
        learned = self.folder / "learned" / data / lexicon
        return learned if self._teacher(lexicon) else self.unweighted_lang_dir(data, lexicon)

    def unweighted_lang_dir(self, data: str, lexicon: str) -> Path:
        """Lang directory of a lexicon before any system was trained."""
        needs_text = self.spec.lexicons[lexicon].needs_text
        return self.folder / "lang" / data / lexicon if needs_text else self.lang_dir(lexicon)

    def given_path(self, file: str, within: str) -> Path:
        """A file that the recipe names, in its folder or in the corpus that was prepared."""
        return Path(self.read_corpus()) / file if within == "corpus" else self.spec.path(file)

    def lexicon_path(self, lexicon: str) -> Path:
        """File of a lexicon."""
        entry = self.spec.lexicons[lexicon]
        return self.given_path(entry.file, entry.within)

    def arpa_path(self, data: str, grammar: str) -> Path:
        """N-gram model of a grammar: of a training text, or the file that the recipe names."""
        entry = self.spec.grammars[grammar]
        made = self.folder / "lm" / data / f"{grammar}.arpa"
        return self.given_path(entry.file, entry.within) if entry.file else made

    def language_model_dir(self, data: str, name: str) -> Path:
        """Directory of a language model, see `fsaasr.recipe.language_models`, or the ARPA file that was given."""
        entry = self.spec.language_models[name]
        return self.given_path(entry.file, entry.within) if entry.file else self.folder / "language" / data / name

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

    def systems_of(self, data: str) -> Tuple[str, ...]:
        """Systems that are trained on data: all but those that are not trained on parts, where these are a part."""
        part = bool(self.spec.data[data].part_of)
        return tuple(name for name, entry in self.spec.systems.items() if entry.parts or not part)

    def write_recipe(self) -> None:
        """Keeps the recipe beside what was made by it, for `read_experiment`."""
        base = str(Path(self.spec.base).absolute())
        write_json(self.folder / RECIPE, config_to_dict(replace(self.spec, base=base)))

    def write_corpus(self, corpus_dir: PathLike) -> None:
        """Keeps where the data came from, for lexicons that lie there and for the reports."""
        write_json(self.folder / "corpus.json", {"directory": str(Path(corpus_dir).absolute())})

    def read_corpus(self) -> str:
        """What `write_corpus` kept; empty where it kept nothing."""
        try:
            return str(read_json(self.folder / "corpus.json")["directory"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""
