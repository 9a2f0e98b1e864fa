"""`UnknownWord`: a word that no lexicon has, as a sub-graph that spells it with any tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Dict, Iterable, List, Optional, Tuple

import numpy as np

from fsaasr.core.errors import GraphError
from fsaasr.core.files import content_hash
from fsaasr.core.hypothesis import UNKNOWN
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import NgramModel, estimate_ngram, with_unknown
from fsaasr.graph.fst_arrays import Arc, FstArrays
from fsaasr.graph.ngram_fst import ngram_fst
from fsaasr.lexicon import Lexicon

SpellingArcs = Tuple[List[Arc], int, List[Tuple[int, float]]]
"""Arcs with tokens in place of labels, the state to enter, and where a word may end with which score."""


@dataclass(frozen=True, eq=False)
class UnknownWord:
    """How graphs take words that the lexicon lacks.

    Wherever the grammar allows `<unk>`, any one or more tokens may be said, with the probability that `spelling` gives
    them as a word. In hypotheses such a word is `<unk>` with its times, and its `Span.spelling` has the tokens. (Bazzi
    and Glass 2000, "Modeling out-of-vocabulary words for robust speech recognition".)

    Attributes:
      spelling: n-gram model of the tokens of a word, with `<s>` and `</s>`.
      score: added to the log probability of each unknown word; below 0 there will be fewer of them.
      probability: of `<unk>` without context, see `with_unknown`; None: as the n-gram model of words has it.
      ending: tokens that must follow, such as a delimiter between words; no part of the spelling's n-grams.

    Raises:
      GraphError: a score or probability out of range.
    """

    spelling: NgramModel
    score: float = 0.0
    probability: Optional[float] = None
    ending: Tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not math.isfinite(self.score):
            raise GraphError(f"UnknownWord: score is {self.score}, expected a finite log score")
        if self.probability is not None and not 0.0 < self.probability < 1.0:
            raise GraphError(f"UnknownWord: probability is {self.probability}, expected 0 < p < 1, or None")

    @property
    def hash(self) -> str:
        """Hash of the whole content."""
        return content_hash(self.spelling.content_hash, repr((self.score, self.probability, self.ending)))

    def words(self, lexicon: Lexicon) -> SymbolTable:
        """The lexicon's words, then `<unk>` if it is none of them: the labels for grammars and in graphs."""
        return lexicon.words if UNKNOWN in lexicon else SymbolTable([*lexicon.words.names[1:], UNKNOWN])

    def grammar(self, model: NgramModel) -> NgramModel:
        """The n-gram model of words, with `<unk>` in it as `with_unknown` says; raises GraphError for one without."""
        if model.unknown_id is None and self.probability is None:
            raise GraphError(
                "UnknownWord: the n-gram model has no <unk>; give UnknownWord a probability, e.g. the share of words "
                "in a text that the model lacks"
            )
        return with_unknown(model, self.probability)

    def arcs(self, tokens: SymbolTable, first_state: int, backoff: int) -> SpellingArcs:
        """The n-gram model of tokens as arcs between states from `first_state` on.

        An arc's output label says whether its token is the first of the word (1) or not (0), which a state does not
        know that a back-off leads to; so states on the way of back-offs from the start are there twice. There is no
        end before the first token.

        Args:
          tokens: the model's tokens.
          backoff: label of back-off arcs.
        """
        fst = ngram_fst(self.spelling, tokens, backoff).fst
        inside = [first_state + state for state in range(fst.num_states)]
        begin = self._twins(fst, backoff, first_state + fst.num_states)
        arcs: List[Arc] = []
        for source, target, label, score in zip(
            fst.source_state.tolist(), fst.next_state.tolist(), fst.input_label.tolist(), fst.score.tolist()
        ):
            arcs.append((inside[source], inside[target], label, 0, score))
            if source in begin:
                after = begin[target] if label == backoff else inside[target]
                arcs.append((begin[source], after, label, int(label != backoff), score))
        ends = [(inside[int(s)], float(fst.final_score[s])) for s in np.flatnonzero(fst.final_score > -np.inf)]
        return arcs, begin[fst.start], ends

    @staticmethod
    def _twins(fst: FstArrays, backoff: int, first: int) -> Dict[int, int]:
        """Numbers for the start and the states that back-offs lead to from it."""
        twins: Dict[int, int] = {}
        state: Optional[int] = fst.start
        while state is not None and state not in twins:
            twins[state] = first + len(twins)
            own = slice(int(fst.arc_offsets[state]), int(fst.arc_offsets[state + 1]))
            shorter = fst.next_state[own][fst.input_label[own] == backoff]
            state = int(shorter[0]) if len(shorter) else None
        return twins


def unknown_word(
    lexicon: Lexicon,
    order: int = 3,
    *,
    score: float = 0.0,
    probability: Optional[float] = None,
    ending: Tuple[str, ...] = (),
    tokens: Iterable[str] = (),
) -> UnknownWord:
    """An `UnknownWord` that is spelt like the words of a lexicon, each pronunciation counting once.

    Args:
      lexicon: phones, characters or pieces; its silence, and a pronunciation of `<unk>`, are left out.
      order: of the n-gram model of tokens (interpolated modified Kneser-Ney).
      score, probability, ending: see `UnknownWord`; pronunciations may have the ending or not.
      tokens: that may be said although no pronunciation has them, such as pieces that no word of the lexicon needs; the
        ending and the silence among them do not count.

    Raises:
      GraphError: no pronunciation to learn from; as `UnknownWord`.
      GrammarError: order out of range.
    """
    silence = lexicon.silence.token if lexicon.silence else None
    spelt: List[Tuple[str, ...]] = []
    for entry in lexicon.pronunciations:
        ended = bool(ending) and entry.tokens[-len(ending) :] == ending
        own = entry.tokens[: -len(ending)] if ended else entry.tokens
        if own and entry.word != UNKNOWN and silence not in own:
            spelt.append(own)
    if not spelt:
        raise GraphError("unknown_word: the lexicon has no pronunciation besides silence; give one with words")
    others = [token for token in tokens if token not in (*ending, silence)]
    return UnknownWord(estimate_ngram(spelt, order, extra_words=others), score, probability, ending)
