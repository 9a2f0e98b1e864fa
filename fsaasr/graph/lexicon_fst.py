"""L: a lexicon as a transducer from tokens to words, with disambiguation symbols and optional silence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import List, Optional, Sequence, Tuple

import pynini

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.fst_arrays import Arc, FstArrays
from fsaasr.graph.openfst import to_openfst
from fsaasr.graph.token_labels import TokenLabels
from fsaasr.lexicon import Lexicon, Pronunciation, disambiguation

INSIDE, WORD_INITIAL, OUTSIDE = 0, 1, 2
"""Roles of a token, indices into `token_labels.ROLES`."""


@dataclass(frozen=True)
class LexiconFst:
    """L and the meaning of its labels.

    Attributes:
      fst: input = token in a role (`labels`) or disambiguation symbol, output = word.
      labels: token labels; input labels beyond `labels.num_labels` are disambiguation symbols.
      backoff_input, backoff_output: labels of `#0`, which lets an n-gram's backoff arcs pass.
    """

    fst: FstArrays
    labels: TokenLabels
    backoff_input: int
    backoff_output: int

    @cached_property
    def sorted_by_output(self) -> pynini.Fst:
        """L as an OpenFst, ready for composition with any number of grammars."""
        fst = to_openfst(self.fst)
        fst.arcsort("olabel")
        return fst


def lexicon_fst(
    lexicon: Lexicon, tokens: Optional[SymbolTable] = None, symbols: Optional[Sequence[int]] = None
) -> LexiconFst:
    """Builds L; any sequence of words of the lexicon is accepted.

    Where the probability of silence depends on the words, L remembers whether silence was before the next word, as
    Kaldi's make_lexicon_fst_silprob.py does (Chen, Xu, Povey, Khudanpur 2015).

    Args:
      lexicon: P pronunciations, their log probabilities and optional silence.
      tokens: the model's tokens; those of the lexicon if None.
      symbols: P disambiguation symbols, 0 for none; those that are needed if None.

    Raises:
      GraphError: a token of the lexicon that the model lacks, with the words that use it.
    """
    tokens = tokens or lexicon.tokens
    _check_tokens(lexicon, tokens)
    symbols = disambiguation(lexicon) if symbols is None else symbols
    silence = lexicon.silence
    labels = TokenLabels(len(tokens) - 1, (tokens[silence.token],) if silence else ())
    backoff = labels.num_labels + 1
    words = lexicon.words
    builder = _Builder(lexicon, tokens, labels)
    for pronunciation, symbol in zip(lexicon.pronunciations, symbols):
        builder.add(pronunciation, words[pronunciation.word], backoff + symbol if symbol else 0)
    builder.add_silence(backoff + max(symbols, default=0) + 1)
    builder.arcs += [(state, state, backoff, len(words), 0.0) for state in builder.between]
    finals = [(state, builder.before(state)) for state in builder.between]
    return LexiconFst(FstArrays.from_arcs(builder.arcs, finals, 0), labels, backoff, len(words))


def _check_tokens(lexicon: Lexicon, tokens: SymbolTable) -> None:
    missing = [token for token in lexicon.tokens.names[1:] if token not in tokens]
    if missing:
        users = [p.word for p in lexicon.pronunciations if missing[0] in p.tokens][:5] or ["optional silence"]
        raise GraphError(
            f"lexicon_fst: the model lacks the tokens {' '.join(missing[:10])}; {missing[0]!r} is used by "
            f"{', '.join(users)}; use the lexicon that the model was trained with or map its tokens"
        )


class _Builder:
    """Collects the arcs of L.

    States: 0 the start, `between` those between words, `_BEFORE_SILENCE` the one before an optional silence. Without
    silence, the start is between words itself. With word-dependent silence, the second state between words is the one
    that silence leads to.
    """

    _BEFORE_SILENCE = 2

    def __init__(self, lexicon: Lexicon, tokens: SymbolTable, labels: TokenLabels) -> None:
        self.lexicon, self.tokens, self.labels = lexicon, tokens, labels
        self.between: Tuple[int, ...] = (1,) if lexicon.silence else (0,)
        self.next_state = 3 if lexicon.silence else 1
        if lexicon.word_dependent_silence:
            self.between = (1, 3)
            self.next_state = 4
        self.arcs: List[Arc] = []

    def add(self, pronunciation: Pronunciation, word: int, symbol: int) -> None:
        """Adds one pronunciation, ending in its disambiguation symbol if it has one."""
        inputs = [
            self.labels.label(self.tokens[token], INSIDE if k else WORD_INITIAL)
            for k, token in enumerate(pronunciation.tokens)
        ]
        if symbol:
            inputs.append(symbol)
        begins = [(state, word, pronunciation.log_prob + self.before(state, pronunciation)) for state in self.between]
        for label in inputs[:-1]:
            self.arcs += [(state, self.next_state, label, output, score) for state, output, score in begins]
            begins = [(self.next_state, 0, 0.0)]
            self.next_state += 1
        for state, output, score in begins:
            for end, end_score in self._ends(pronunciation):
                self.arcs.append((state, end, inputs[-1], output, score + end_score))

    def add_silence(self, symbol: int) -> None:
        """Adds silence at the beginning and the state through which every other silence passes.

        The symbol tells silence from a word whose pronunciation is the same token.
        """
        silence = self.lexicon.silence
        if silence is None:
            return
        label = self.labels.label(self.tokens[silence.token], OUTSIDE)
        after = self.next_state
        self.next_state += 1
        self.arcs += [(self._BEFORE_SILENCE, after, label, 0, 0.0), (after, self.between[-1], symbol, 0, 0.0)]
        self.arcs += [(0, end, 0, 0, score) for end, score in self._ends()]

    def _ends(self, pronunciation: Optional[Pronunciation] = None) -> List[Tuple[int, float]]:
        """Where a pronunciation, or the start, leads to: between words, or before silence."""
        if self.lexicon.silence is None:
            return [(0, 0.0)]
        after = self.lexicon.silence_weights(pronunciation).after
        return [(1, math.log(1 - after)), (self._BEFORE_SILENCE, math.log(after))]

    def before(self, state: int, pronunciation: Optional[Pronunciation] = None) -> float:
        """Correction of a pronunciation, or of a sentence's end, that begins in a state between words."""
        if len(self.between) == 1:
            return 0.0
        weights = self.lexicon.silence_weights(pronunciation)
        return math.log(weights.not_before if state == self.between[0] else weights.before)
