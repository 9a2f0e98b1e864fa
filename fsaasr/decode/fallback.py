"""Where a search found no word although something was said: the same scores, spelt without a lexicon."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Optional, Sequence, Union

import numpy as np

from fsaasr.core.errors import DecodeError
from fsaasr.core.hypothesis import UNKNOWN, Hypothesis
from fsaasr.core.scores import Scores
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode.engine import one_best
from fsaasr.decode.options import SearchOptions
from fsaasr.graph import Graph, Topology, UnknownWord, compile_token_graph, token_loop
from fsaasr.graph.compile import Transitions
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.openfst import to_openfst
from fsaasr.lexicon import Lexicon

FALLBACK = "fallback"
"""`Hypothesis.rule` of what the fallback found."""


@dataclass(frozen=True)
class SpellingFallback:
    """Graphs for utterances in which no word was found; made by `spelling_fallback`.

    Attributes:
      sounds: any tokens at score 0: tells whether anything was said.
      spelt: one or more unknown words.
      silence: token that is no speech, or None.
    """

    sounds: Graph
    spelt: Graph
    silence: Optional[str] = None


def spelling_fallback(
    lexicon: Lexicon,
    unknown: UnknownWord,
    topology: Union[str, Topology] = "ctc",
    *,
    tokens: Optional[SymbolTable] = None,
    transitions: Optional[Transitions] = None,
) -> SpellingFallback:
    """Graphs of unknown words alone, with the lexicon's silence.

    Args:
      lexicon, topology, tokens, transitions: as for `compile_graph`.
      unknown: spells the words.
    """
    label = unknown.words(lexicon)[UNKNOWN]
    again = FstArrays.from_arcs([(0, 1, label, label, 0.0), (1, 1, label, label, 0.0)], [(1, 0.0)], 0)
    spelt = compile_token_graph(
        lexicon, to_openfst(again), topology, tokens=tokens, transitions=transitions, unknown=unknown
    )
    loop = token_loop(tokens or lexicon.tokens, topology, transitions)
    return SpellingFallback(loop, spelt, lexicon.silence.token if lexicon.silence else None)


def fill_empty(
    hypotheses: Sequence[Hypothesis],
    scores: Scores,
    fallback: SpellingFallback,
    options: SearchOptions = SearchOptions(),  # noqa: B008 (frozen)
) -> List[Hypothesis]:
    """The hypotheses, those without words replaced where the scores say that something was said.

    What replaces them are unknown words with their tokens and times, and `rule="fallback"`. Something was said where
    the best sequence of columns, whatever tokens it spells, holds a token other than silence; so an utterance of blanks
    or silence stays empty.

    Args:
      hypotheses: of the utterances of `scores`, in order.
      scores: what was searched.
      options: of the searches.

    Raises:
      DecodeError: other utterances than those of the scores.
    """
    if [hypothesis.utterance for hypothesis in hypotheses] != list(scores.ids):
        raise DecodeError(
            f"fill_empty: {len(hypotheses)} hypotheses for {len(scores)} utterances; give the same, in order"
        )
    filled = list(hypotheses)
    empty = [n for n, hypothesis in enumerate(hypotheses) if not hypothesis.words]
    if not empty:
        return filled
    sounds = one_best(fallback.sounds, _some(scores, empty), options)
    said = [n for n, heard in zip(empty, sounds) if any(token.name != fallback.silence for token in heard.tokens)]
    if said:
        for n, spelt in zip(said, one_best(fallback.spelt, _some(scores, said), options)):
            filled[n] = replace(spelt, rule=FALLBACK)
    return filled


def _some(scores: Scores, chosen: Sequence[int]) -> Scores:
    rows = np.asarray(chosen)
    ids = tuple(scores.ids[n] for n in chosen)
    return Scores(scores.array[rows], scores.lengths[rows], scores.frame_shift, scores.kind, ids)
