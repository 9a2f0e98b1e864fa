"""Words from tokens that mark where words begin, for recognition without a lexicon."""

from __future__ import annotations

from dataclasses import replace
from typing import List

from fsaasr.core.errors import GraphError
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import Graph
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lexicon import WORD_MARK
from fsaasr.recipe.scales import Scales

PIECES = "pieces.model"
"""File of sentencepiece's model in a lang directory of pieces."""


def is_free(symbols: Graph | ScoredPaths) -> bool:
    """Whether a graph, or a lattice from it, has tokens for words: it was made without a lexicon."""
    return symbols.words == symbols.tokens


def best_hypothesis(lattice: ScoredPaths, scales: Scales) -> Hypothesis:
    """The best path under the scales, which leave acoustic scores alone; without a lexicon, its tokens as words."""
    best = lattice.best_path(1.0, scales.lm_scale, scales.word_insertion_penalty)
    return joined(best) if is_free(lattice) else best


def check_marked(tokens: SymbolTable) -> None:
    """Raises GraphError where no token marks the beginning of a word, so that tokens alone make no words."""
    if not any(name.startswith(WORD_MARK) for name in tokens.names):
        raise GraphError(
            f"make_graph: no token begins with {WORD_MARK!r}, so that without a lexicon no words come of them; train "
            "with sentencepiece's pieces or marked-characters, or take the grammar `loop`, any words of the lexicon"
        )


def joined(hypothesis: Hypothesis) -> Hypothesis:
    """Puts the pieces of a hypothesis together: each that begins with WORD_MARK begins a word.

    What comes before the first mark is a word, too; a mark with nothing behind it is none.
    """
    words: List[Span] = []
    for piece in hypothesis.words:
        if words and not piece.name.startswith(WORD_MARK):
            words[-1] = words[-1]._replace(name=words[-1].name + piece.name, end=piece.end)
        else:
            words.append(piece._replace(name=piece.name.replace(WORD_MARK, "", 1), confidence=None))
    return replace(hypothesis, words=tuple(word for word in words if word.name))
