"""Entries of recipes: `LanguageModelSpec`, a language model beside the grammars; `FusionSpec`, what joins a search."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Literal, Tuple

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError


@dataclass(frozen=True)
class LanguageModelSpec:
    """A language model of words or of a lexicon's tokens, trained on text.

    Attributes:
      kind: `lstm`, `transformer`, or `ngram`.
      over: what it predicts: `words`, or the `tokens` of the words' most probable pronunciations, silence left out.
      lexicon: whose words or tokens, by name; empty for the recipe's first. Other words count as `<unk>`.
      text: file with a sentence a line, relative to the recipe file; empty for the transcripts of the training part.
      config: training YAML of the neural kinds, relative to the recipe file; empty for all defaults.
      settings: what differs from that file, in the same sections: `network`, `fit`, `batch_words`, `noise`.
      order: of `ngram`.
      file: ARPA file for `ngram`, plain or gzipped; empty estimates a model.
      within: `recipe` or `corpus`: what `file` is relative to.
      seeds: train it once with each. A system with a seed is rescored by the model of the same seed where there is
        one, any other by that of the first.
      group: model that this one is of, by another seed; set by `expand_axes`.
    """

    __pydantic_config__ = STRICT

    kind: Literal["lstm", "transformer", "ngram"]
    over: Literal["words", "tokens"] = "words"
    lexicon: str = ""
    text: str = ""
    config: str = ""
    settings: Dict[str, Any] = field(default_factory=dict)
    order: int = 2
    seeds: Tuple[int, ...] = ()
    group: str = ""
    file: str = ""
    within: Literal["recipe", "corpus"] = "recipe"

    @property
    def description(self) -> str:
        """What it is, in a word or two."""
        return f"{self.order}-gram" if self.kind == "ngram" else self.kind

    def __post_init__(self) -> None:
        if self.kind == "ngram" and (self.config or self.settings or self.seeds):
            raise ConfigError("language model of kind 'ngram': found config, settings or seeds; it has `order` alone")
        if self.file and (self.kind != "ngram" or self.text):
            raise ConfigError(f"language model of kind {self.kind!r}: found an ARPA file; expected ngram, no text")


@dataclass(frozen=True)
class FusionSpec:
    """Language models of tokens that join the search of systems that say tokens; scales are tuned on dev.

    Attributes:
      add: language model whose scores are added (shallow fusion, Gulcehre et al. 2015).
      subtract: one whose scores are taken away: of the training text (density ratio, McDermott et al. 2019), of low
        order (LODR, Zheng et al. 2022).
      internal: how the system's own language model is estimated, which is taken away (Meng et al. 2021; Zeineldeen et
        al. 2021): it hears `zero`, or, for attention decoders, the `average` of the utterance; `none` leaves it there.
    """

    __pydantic_config__ = STRICT

    add: str = ""
    subtract: str = ""
    internal: Literal["none", "zero", "average"] = "none"

    def __post_init__(self) -> None:
        if not (self.models or self.internal != "none"):
            raise ConfigError("fusion: found neither add, subtract nor internal; give one or leave the fusion out")

    @property
    def models(self) -> Dict[str, str]:
        """Names of its language models by what becomes of them: `added`, `subtracted`."""
        both = {"added": self.add, "subtracted": self.subtract}
        return {part: name for part, name in both.items() if name}

    @property
    def axes(self) -> Tuple[str, ...]:
        """Its scales, by their names in `Scales`."""
        parts = (*self.models, *(() if self.internal == "none" else ("internal",)))
        return tuple(f"{part}_scale" for part in parts)

    @property
    def description(self) -> str:
        """What joins, in a few words."""
        internal = "" if self.internal == "none" else f"internal ({self.internal})"
        parts = (("+", self.add), ("-", self.subtract), ("-", internal))
        return " ".join(f"{sign} {name}" for sign, name in parts if name)
