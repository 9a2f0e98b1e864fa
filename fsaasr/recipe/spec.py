"""`RecipeSpec`: an experiment as data, read from YAML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Literal, Optional, Tuple

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.decode import SearchOptions
from fsaasr.decode.options import ENGINES
from fsaasr.lexicon import WeightConfig
from fsaasr.recipe.language_model_spec import FusionSpec, LanguageModelSpec
from fsaasr.recipe.searches import TOKEN_SEARCHES
from fsaasr.recipe.tuning import TuningGrid

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class DataSpec:
    """One way to divide a corpus.

    Attributes:
      corpus: name as in `fsaasr.corpora.CORPORA`.
      options: of the corpus.
      hours: train on so many hours of the training part, too, with the speech of the speakers in balance; the results
        are curves of learning then. Stands in the recipe as `<name>.<hours>h`.
      part_of: data that this is a part of; set by `expand_axes`.
      features: where those of the training part are while networks train: in `memory`, on `disk`, or nowhere, extracted
        `on-the-fly`. Results do not depend on it; families that are not networks hold them in memory in any case.
    """

    __pydantic_config__ = STRICT

    corpus: str
    options: Dict[str, Any] = field(default_factory=dict)
    hours: Tuple[float, ...] = ()
    part_of: str = ""
    features: Literal["memory", "disk", "on-the-fly"] = field(default="memory", repr=False)


@dataclass(frozen=True)
class LexiconSpec:
    """A lexicon.

    Attributes:
      file: lexicon file, relative to the recipe file or to the corpus.
      units: `phones` takes the file's tokens, `positioned-phones` tells them apart by their place in the word (`AH_B`,
        `AH_I`, `AH_E`, `AH_S`), `characters` spells its words, `marked-characters` likewise, with another
        token for a character that begins a word: such systems are recognized without a lexicon, too (grammar `none`).
        `bpe` and `unigram` spell words with sentencepiece's pieces, learned on the training transcripts; likewise.
      silence: token of the optional silence; None for none.
      silence_probability: of it being there, each time.
      learned_from: system whose alignments of the training data teach the probabilities of pronunciations and of
        silence by word; empty for none. Systems after it can have this lexicon.
      weights: how they are learned.
      num_pieces: of `bpe` and `unigram`, sentencepiece's three special ones included.
      strip_stress: whether the stress digits of ARPAbet vowels go.
      g2p: whether words of the training transcripts that the file lacks get pronunciations from their letters, by a
        model of the file's words; else they are refused. Pieces spell them in any case.
      within: `recipe` or `corpus`: what `file` is relative to; a corpus may bring its own lexicon.
    """

    __pydantic_config__ = STRICT

    file: str
    units: Literal["phones", "positioned-phones", "characters", "marked-characters", "bpe", "unigram"] = "phones"
    silence: Optional[str] = None
    silence_probability: float = 0.5
    # Part of the keys of what is learned alone.
    learned_from: str = field(default="", repr=False)
    weights: WeightConfig = field(default_factory=WeightConfig, repr=False)
    # Part of the keys of those that use them alone.
    num_pieces: int = field(default=500, repr=False)
    strip_stress: bool = field(default=False, repr=False)
    g2p: bool = field(default=False, repr=False)
    # Not part of a job's key: what counts is the file's content.
    within: Literal["recipe", "corpus"] = field(default="recipe", repr=False)

    @property
    def has_pieces(self) -> bool:
        """Whether its tokens are sentencepiece's."""
        return self.units in ("bpe", "unigram")

    @property
    def needs_text(self) -> bool:
        """Whether it is another one for each training part."""
        return self.has_pieces or self.g2p

    @property
    def marks_words(self) -> bool:
        """Whether its tokens alone say where words begin."""
        return self.has_pieces or self.units == "marked-characters"


@dataclass(frozen=True)
class GrammarSpec:
    """What may be said.

    Attributes:
      kind: `loop` (any number of words, equally likely), `repeat` (`min_words` to `max_words` of them), `ngram`
        (estimated on the training transcripts, or an ARPA file), or `none`: any tokens, without lexicon and grammar;
        only for systems whose tokens mark where words begin.
      order: of the n-gram model.
      min_words, max_words: for `repeat`.
      file: ARPA file for `ngram`, plain or gzipped; empty estimates a model.
      within: `recipe` or `corpus`: what `file` is relative to.
      rescoring: language models of words; each chooses anew among the best hypotheses of every system, which gives rows
        of their own, named `<grammar>+<model>`.
      fusion: language models of tokens that join the search; the grammar is then for those systems alone that say
        these tokens.
    """

    __pydantic_config__ = STRICT

    kind: Literal["loop", "repeat", "ngram", "none"]
    order: int = 2
    min_words: int = 1
    max_words: int = 7
    # Neither is part of the graph's key.
    rescoring: Tuple[str, ...] = field(default=(), repr=False)
    fusion: Optional[FusionSpec] = field(default=None, repr=False)
    file: str = ""
    within: Literal["recipe", "corpus"] = "recipe"

    @property
    def is_estimated(self) -> bool:
        """Whether it is an n-gram model that the training transcripts give."""
        return self.kind == "ngram" and not self.file

    @property
    def description(self) -> str:
        """What it knows of word order, in a word or two."""
        own = f"{self.order}-gram" if self.kind == "ngram" else self.kind
        return own if self.fusion is None else f"{own} {self.fusion.description}"


@dataclass(frozen=True)
class SystemSpec:
    """A model to train.

    Attributes:
      family: as in `fsaasr.recipe.SETUPS`.
      lexicon: name of its lexicon in the recipe.
      lexicons: in place of `lexicon`: train it once with each, as `<name>-<lexicon>`.
      parts: whether it is trained on parts of the training data, too, where data have `hours`.
      config: training YAML, relative to the recipe file.
      settings: what differs from that file, in the same sections.
      tuning: scales to try on dev data.
      search: what differs from the recipe's search options, e.g. `attention`, how attention decoders are searched.
      start: system, named before this one, that this one begins with: with its alignments of the training data, with
        its weights, or, for `attention` and `transducer`, with the encoder of a CTC model, as the family has it.
      seeds: train it once with each; the results then have their mean as well. Empty trains it once, as configured.
      group: system that this one is of, by another seed; set by `expand_axes`.
    """

    __pydantic_config__ = STRICT

    family: str
    config: str
    lexicon: str = ""
    lexicons: Tuple[str, ...] = ()
    parts: bool = True
    settings: Dict[str, Any] = field(default_factory=dict)
    tuning: TuningGrid = field(default_factory=TuningGrid)
    search: Dict[str, Any] = field(default_factory=dict)
    start: str = ""
    seeds: Tuple[int, ...] = ()
    group: str = ""


@dataclass(frozen=True)
class RecipeSpec:
    """An experiment: every system is trained on every data split and decoded with every grammar and engine.

    Attributes:
      name: of the experiment.
      data: ways to divide the corpus, by name; each has `train`, `dev` and `test`.
      lexicons, grammars, systems: by name; names become folders.
      language_models: models beside the grammars, for rescoring.
      combinations: systems whose lattices are combined, by name: the words of minimum Bayes risk under the mean of
        their posteriors, equally weighted, so that nothing is tuned. Systems with seeds are combined seed by seed.
      engines: search engines; those whose package is missing are left out, and that is said.
      search: beams.
      seed: of the bootstrap.
      showcase: systems that the report shows an utterance of: one whose alignment is drawn, then those whose
        posteriors are; empty shows none.
      drawing: lexicon and topology of the graph that the report draws, a loop of all words; empty draws none.
      base: folder that file names are relative to; set by `read_recipe`.
    """

    __pydantic_config__ = STRICT

    name: str
    data: Dict[str, DataSpec]
    lexicons: Dict[str, LexiconSpec]
    grammars: Dict[str, GrammarSpec]
    systems: Dict[str, SystemSpec]
    language_models: Dict[str, LanguageModelSpec] = field(default_factory=dict)
    combinations: Dict[str, Tuple[str, ...]] = field(default_factory=dict)
    engines: Tuple[str, ...] = ("native",)
    search: SearchOptions = field(default_factory=SearchOptions)
    seed: int = 0
    showcase: Tuple[str, ...] = ()
    drawing: Tuple[str, ...] = ()
    base: str = "."

    def __post_init__(self) -> None:
        for kind in ("data", "lexicons", "grammars", "systems", "language_models"):
            names = list(getattr(self, kind))
            wrong = [name for name in names if not _NAME.fullmatch(name)]
            if wrong or not (names or kind == "language_models"):
                self._refuse(kind, wrong[0] if wrong else "nothing", "one or more names of letters, digits, `-_.`")
        self._check_order()
        self._check_combinations()
        self._check_language_models()
        for engine in self.engines:
            if engine not in ENGINES or engine == "auto":
                self._refuse("engines", engine, f"some of {', '.join(ENGINES[1:])}")
        for name in self.showcase:
            if name not in self.systems:
                self._refuse("showcase", name, f"some of {', '.join(self.systems)}")
        if self.drawing and (len(self.drawing) != 2 or self.drawing[0] not in self.lexicons):
            self._refuse("drawing", str(self.drawing), "[lexicon, topology]")

    def _check_order(self) -> None:
        """Systems and lexicons need only what comes before them."""
        for name, system in self.systems.items():
            for lexicon in system.lexicons or (system.lexicon,):
                if lexicon not in self.lexicons:
                    self._refuse(f"systems.{name}.lexicon", lexicon, f"one of {', '.join(self.lexicons)}")
            before = list(self.systems)[: list(self.systems).index(name)]
            teachers = [self.lexicons[lexicon].learned_from for lexicon in system.lexicons or (system.lexicon,)]
            for key, other in (("start", system.start), *(("lexicon", teacher) for teacher in teachers)):
                if other and other not in before:
                    self._refuse(f"systems.{name}.{key}", other, f"one of those before it: {', '.join(before)}")
                if other and system.parts and not self.systems[other].parts:
                    self._refuse(f"systems.{name}.parts", "true", f"false, as `{other}` is not trained on parts")
        for name, entry in self.lexicons.items():
            if entry.learned_from and entry.learned_from not in self.systems:
                known = ", ".join(self.systems)
                self._refuse(f"lexicons.{name}.learned_from", entry.learned_from, f"one of {known}")

    def _check_combinations(self) -> None:
        """Combinations are of two known systems or more, and none is called like a system."""
        by_lexicon = [f"{name}-{lexicon}" for name, entry in self.systems.items() for lexicon in entry.lexicons]
        known = [*self.systems, *by_lexicon]
        for name, systems in self.combinations.items():
            if len(systems) < 2 or not set(systems) <= set(known):
                self._refuse(f"combinations.{name}", str(list(systems)), f"two or more of {', '.join(known)}")
            if name in self.systems or not _NAME.fullmatch(name):
                self._refuse("combinations", name, "a name of letters, digits, `-_.` that no system has")

    def _check_language_models(self) -> None:
        """Language models have lexicons, and names that no grammar has; grammars name models of words."""
        for name, model in self.language_models.items():
            if model.lexicon and model.lexicon not in self.lexicons:
                self._refuse(f"language_models.{name}.lexicon", model.lexicon, f"one of {', '.join(self.lexicons)}")
            if name in self.grammars:
                self._refuse("language_models", name, "a name that no grammar has")
        self._check_fusions()
        words = {name for name, model in self.language_models.items() if model.over == "words"}
        words |= {self.language_models[name].group for name in words} - {""}
        for name, grammar in self.grammars.items():
            for model_name in grammar.rescoring:
                if model_name not in words:
                    self._refuse(f"grammars.{name}.rescoring", model_name, f"one of {', '.join(sorted(words))}")

    def _check_fusions(self) -> None:
        """Grammars name models of tokens that some system says; CTC weights are attention's."""
        for name, grammar in self.grammars.items():
            for model in grammar.fusion.models.values() if grammar.fusion else ():
                if self.lexicon_of_tokens(model) is None:
                    known = ", ".join(key for key in self.language_models if self.lexicon_of_tokens(key))
                    self._refuse(f"grammars.{name}.fusion", model, f"language models over tokens; there are: {known}")
            if not any(self.joins(name, system) for system in self.systems):
                self._refuse(f"grammars.{name}.fusion", "no system that it fits", "one that says these tokens")
        for name, system in self.systems.items():
            if system.tuning.ctc_weight and system.family != "attention":
                self._refuse(f"systems.{name}.tuning.ctc_weight", system.family, "family attention")

    def lexicon_of_tokens(self, model: str) -> Optional[str]:
        """The lexicon whose tokens a language model is of, by its name or its group's; None for no such model."""
        for name, entry in self.language_models.items():
            if model in (name, entry.group) and entry.over == "tokens":
                return entry.lexicon or next(iter(self.lexicons))
        return None

    def joins(self, grammar: str, system: str) -> bool:
        """Whether a grammar's fusion fits a system; one without fusion fits any."""
        fusion, entry = self.grammars[grammar].fusion, self.systems[system]
        if fusion is None:
            return True
        lexicons = {self.lexicon_of_tokens(model) for model in fusion.models.values()}
        heard = entry.family == "attention" or fusion.internal != "average"
        return entry.family in TOKEN_SEARCHES and heard and lexicons <= {entry.lexicon, *entry.lexicons}

    def _refuse(self, key: str, found: str, expected: str) -> None:
        raise ConfigError(f"recipe {self.name!r}: key {key!r}: found {found}, expected {expected}")

    def path(self, name: str) -> Path:
        """A file that the recipe names."""
        return Path(self.base) / name
