"""What a recognizer is opened with: the graph, the scales and the options of a model directory, or others."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import List, NamedTuple, Optional, Tuple, Union

import pynini

from fsaasr.core.config import config_from_dict
from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike
from fsaasr.decode import SearchOptions
from fsaasr.grammar import NgramModel, read_arpa
from fsaasr.graph import Graph, compile_token_graph, word_loop
from fsaasr.graph import load_graph as load_graph_file
from fsaasr.lexicon import Lexicon, read_lexicon
from fsaasr.models import AcousticModel, load_graph, load_lexicon
from fsaasr.recipe.decoding import DEFAULT_SEARCH, lexicon_for
from fsaasr.recipe.scales import SCALES, UNSCALED, Scales, read_scales
from fsaasr.recipe.searches import searchable

OWN_GRAPH = "graph.fsa"
WORD_LOOP = "word loop"


@dataclass(frozen=True)
class Speech:
    """What may be said; see `Recognizer.open`."""

    graph: Union[PathLike, Graph, None] = None
    lexicon: Union[PathLike, Lexicon, None] = None
    lm: Union[PathLike, NgramModel, None] = None
    grammar: Optional[pynini.Fst] = None

    def __post_init__(self) -> None:
        if self.graph is not None and self.made_of:
            raise ConfigError(
                f"Recognizer.open: both a graph and {self.made_of[0]}, of which it would be made; give one of them"
            )
        if self.lm is not None and self.grammar is not None:
            raise ConfigError("Recognizer.open: both lm and grammar; give one of them")

    @property
    def made_of(self) -> List[str]:
        """What a graph is to be made of, by name; empty where nothing is said of it."""
        return [name for name in ("lexicon", "lm", "grammar") if getattr(self, name) is not None]


class Found(NamedTuple):
    """The graph to search, where it is from, and the lexicon that tells its silence."""

    graph: Graph
    source: str
    lexicon: Lexicon


def find_graph(model_dir: PathLike, model: AcousticModel, speech: Speech) -> Found:
    """The graph that `speech` describes; where it says nothing the directory's own, or any words of its lexicon."""
    lexicon = load_lexicon(model_dir)
    if speech.graph is not None:
        known = speech.graph if not isinstance(speech.graph, (str, Path)) else load_graph_file(speech.graph)
        source = str(speech.graph) if isinstance(speech.graph, (str, Path)) else "given"
        return Found(searchable(model, known), source, lexicon)
    if not speech.made_of:
        own = load_graph(model_dir)
        if own is not None:
            return Found(searchable(model, own), OWN_GRAPH, lexicon)
    if speech.lexicon is not None:
        silence = lexicon.silence
        lexicon = speech.lexicon if isinstance(speech.lexicon, Lexicon) else read_lexicon(speech.lexicon, silence)
    fitting = lexicon_for(model, lexicon)
    lm = read_arpa(speech.lm) if isinstance(speech.lm, (str, Path)) else speech.lm
    grammar = lm if lm is not None else speech.grammar if speech.grammar is not None else word_loop(fitting.words)
    tokens = compile_token_graph(fitting, grammar, model.topology, tokens=model.tokens, transitions=model.transitions)
    free = lm is None and speech.grammar is None
    return Found(searchable(model, tokens), WORD_LOOP if free else "lexicon and grammar", fitting)


def find_weights(
    model_dir: PathLike, scales: Union[PathLike, Scales, None], options: Optional[SearchOptions]
) -> Tuple[Scales, SearchOptions]:
    """Scales and search options, those that were tuned and installed in the model directory where None is given."""
    path = Path(model_dir) / SCALES
    if isinstance(scales, (str, Path)):
        path = Path(scales)
        scales = read_scales(path)
    elif scales is None:
        scales = read_scales(path) if path.exists() else UNSCALED
    if options is None:
        options = tuned_options(path) if path.exists() else DEFAULT_SEARCH
    return scales, options


def tuned_options(path: PathLike) -> SearchOptions:
    """The search options that a file of scales says they were tuned with; the defaults where it says none.

    Raises:
      ConfigError: options of another version.
    """
    values = json.loads(Path(path).read_text(encoding="utf-8")).get("options")
    if values is None:
        return DEFAULT_SEARCH
    found = config_from_dict(SearchOptions, values, f"{path}: options")
    # An engine that was tuned with may not be installed here, and all find the same.
    return replace(found, engine="native") if found.engine.startswith("k2") else found
