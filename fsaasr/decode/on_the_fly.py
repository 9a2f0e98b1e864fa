"""A language model put in place of a graph's own while the search goes on, and hotwords beside it."""

from __future__ import annotations

import threading
from typing import Any, List, Optional, Sequence, Union
from weakref import WeakKeyDictionary

import numpy as np

from fsaasr.core.errors import ConfigError, GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode.added_scores import AddedScores, ScoredLabels
from fsaasr.grammar import NgramModel
from fsaasr.grammar.failure_automaton import FailureAutomaton
from fsaasr.grammar.hotwords import Hotwords
from fsaasr.graph import Graph

Model = Union[NgramModel, FailureAutomaton]
HotwordsOfEach = Union[None, Hotwords, Sequence[Optional[Hotwords]]]
"""Hotwords of all utterances, or of each."""


class OnTheFlyLm:
    """A large n-gram model, searched in one pass with a small graph (Hori et al. 2007).

    The graph's own language model then only looks ahead: where it says a word, the search takes that model's score out
    and puts the large one's in, with its exact back-off. So a path scores as if the graph had been made with the large
    model, and no back-off arcs. That holds where the graph has a unigram model or none, but for what minimization
    rounds in a graph's scores (1e-4 a path or so). A graph of longer n-grams, whose back-off arcs are epsilons, scores
    some words higher than its model does, and that difference stays in the path's score (`rescore_ngram` says more).
    """

    def __init__(self, model: Model, replaces: Optional[Model] = None, scale: float = 1.0) -> None:
        """Args:
          model: to put in: n-grams, or their automaton (smaller, and read from a file at once).
          replaces: the model that the graph was made with; None for a graph without. Scores of other grammars stay,
            those of `word_loop` among them.
          scale: of both models' log probabilities, > 0.

        Raises:
          ConfigError: a scale that is not > 0. GrammarError: a model without `<s>` or `</s>`.
        """
        if not 0 < scale < np.inf:
            raise ConfigError(f"OnTheFlyLm: scale is {scale}; expected a number > 0")
        self.automaton = _automaton(model)
        self.replaces = None if replaces is None else _automaton(replaces)
        self.scale = scale

    def labels(self, words: SymbolTable) -> List[ScoredLabels]:
        """Both models over a graph's words; raises GrammarError where a model without `<unk>` lacks some."""
        parts = [ScoredLabels(self.automaton, self.automaton.ids_of(words), self.scale)]
        if self.replaces is not None:
            parts.append(ScoredLabels(self.replaces, self.replaces.ids_of(words), -self.scale))
        return parts


def _automaton(model: Model) -> FailureAutomaton:
    return model if isinstance(model, FailureAutomaton) else FailureAutomaton.of_ngrams(model)


class _Nothing:
    """Stands for a model or hotwords that are not there, in caches."""


_NOTHING = _Nothing()
_CACHE: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
_LOCK = threading.Lock()


def added_scores(graph: Graph, lm: Optional[OnTheFlyLm], hotwords: Optional[Hotwords]) -> Optional[AddedScores]:
    """What a model and hotwords add on a graph; made once and kept as long as all of them live. None for neither.

    Raises:
      GrammarError: words that the model lacks, or hotwords that the graph lacks, by name.
    """
    if lm is None and hotwords is None:
        return None
    with _LOCK:
        of_graph = _CACHE.setdefault(graph, WeakKeyDictionary())
        of_lm = of_graph.setdefault(_NOTHING if lm is None else lm, WeakKeyDictionary())
        key: Any = _NOTHING if hotwords is None else hotwords
        if key not in of_lm:
            parts = [] if lm is None else lm.labels(graph.words)
            if hotwords is not None:
                automaton = hotwords.automaton(graph.words)
                parts.append(ScoredLabels(automaton, np.arange(len(graph.words), dtype=np.int32)))
            of_lm[key] = AddedScores(parts)
        added: AddedScores = of_lm[key]
        return added


def added_of_each(
    graph: Graph, lm: Optional[OnTheFlyLm], hotwords: HotwordsOfEach, count: int
) -> List[Optional[AddedScores]]:
    """`added_scores` of each of some utterances.

    Raises:
      GraphError: hotwords for another number of utterances.
    """
    return [added_scores(graph, lm, own) for own in hotwords_of_each(hotwords, count)]


def hotwords_of_each(hotwords: HotwordsOfEach, count: int) -> Sequence[Optional[Hotwords]]:
    """The hotwords of each of some utterances; raises GraphError for hotwords of another number of utterances."""
    if hotwords is None or isinstance(hotwords, Hotwords):
        return [hotwords] * count
    if len(hotwords) != count:
        raise GraphError(f"decode: hotwords for {len(hotwords)} utterances, found {count}; give them one each, or one")
    return hotwords
