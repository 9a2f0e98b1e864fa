"""What words add to a search beside its graph: hotwords, and a large language model on the fly; from files to both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Sequence, Tuple, Union

from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike
from fsaasr.decode import OnTheFlyLm
from fsaasr.grammar import FailureAutomaton, Hotwords, NgramModel, TokenHotwords, read_arpa
from fsaasr.grammar.failure_automaton import is_automaton
from fsaasr.grammar.kenlm_model import KenlmModel, is_kenlm_binary
from fsaasr.graph import Graph
from fsaasr.lexicon import Lexicon
from fsaasr.lexicon.spelling import speller
from fsaasr.lexicon.token_tables import TokenTable
from fsaasr.recipe.pieces import PIECES, is_free


@dataclass(frozen=True, eq=False)
class WordScores:
    """What words add; see `fsaasr.decode.decode`.

    Attributes:
      lm: model in place of the graph's own.
      hotwords: over the words of the graph that is searched, or, of a graph without a lexicon, its tokens.
    """

    lm: Optional[OnTheFlyLm] = None
    hotwords: Optional[Hotwords] = None


NO_WORD_SCORES = WordScores()
"""The graph's own scores."""


def load_on_the_fly(
    model: Union[PathLike, OnTheFlyLm, None], replaces: Union[PathLike, NgramModel, None], graph: Graph
) -> Optional[OnTheFlyLm]:
    """A large n-gram model for a search on a graph.

    Args:
      model: ARPA, a file of `FailureAutomaton.save`, or KenLM's binary form; or one that is made; None for none.
      replaces: the model that the graph was made with, in any of these forms; None for a graph without.
      graph: that is searched.

    Raises:
      ConfigError: a model to replace, and none to put in its place.
      MissingDependencyError: KenLM's binary form without the module `kenlm`.
      FileFormatError, GrammarError: as the readers say.
    """
    if model is None or isinstance(model, OnTheFlyLm):
        if replaces is not None:
            raise ConfigError(f"load_on_the_fly: a model to replace ({replaces}), but no file to put there; give both")
        return model
    small = replaces if replaces is None or isinstance(replaces, NgramModel) else _read(replaces, graph)
    return OnTheFlyLm(_read(model, graph), small)


def _read(path: PathLike, graph: Graph) -> Union[NgramModel, FailureAutomaton]:
    if is_kenlm_binary(path):
        return KenlmModel(path).automaton(graph.words)
    return FailureAutomaton.load(path) if is_automaton(path) else read_arpa(path)


def load_hotwords(
    hotwords: Union[PathLike, Hotwords, None], graph: Graph, lang_dir: PathLike, lexicon: Lexicon
) -> Optional[Hotwords]:
    """Hotwords for a graph: over its words, or, where it has tokens for words, spelt with them.

    A word is spelt as the lexicon has it, in all ways; one that it lacks as the sentencepiece model in `lang_dir`
    says, where there is one, or else from left to right by the longest tokens that fit.

    Args:
      hotwords: a file, see `Hotwords.read`, or Hotwords; None for none.
      graph: that is searched.
      lang_dir: of the model. lexicon: that it holds.

    Raises:
      FileFormatError: as `Hotwords.read`.
    """
    read = hotwords if hotwords is None or isinstance(hotwords, Hotwords) else Hotwords.read(hotwords)
    if read is None or not is_free(graph):
        return read
    pieces = Path(lang_dir) / PIECES
    table = TokenTable(("<blk>", *graph.tokens.names[1:]), 0, control=frozenset())
    spell = speller(table, pieces if pieces.exists() else None)

    def spellings(word: str) -> Sequence[Tuple[str, ...]]:
        if word in lexicon:
            return [entry.tokens for entry in lexicon.of(word)]
        tokens, _ = spell(word)
        return [tokens] if tokens else []

    return TokenHotwords(read, spellings)
