"""What words add to a search beside its graph: hotwords, and a large language model on the fly; from files to both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Sequence, Tuple, Union

from fsaasr.core.files import PathLike
from fsaasr.decode import OnTheFlyLm
from fsaasr.grammar import Hotwords, TokenHotwords
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
