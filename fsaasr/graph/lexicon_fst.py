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
from fsaasr.lexicon import Lexicon, OptionalSilence, Pronunciation, disambiguation

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
    loop = 1 if silence else 0
    builder = _Builder(tokens, labels, loop, next_state=3 if silence else 1, silence=silence)
    for pronunciation, symbol in zip(lexicon.pronunciations, symbols):
        builder.add(pronunciation, words[pronunciation.word], backoff + symbol if symbol else 0)
    if silence:
        builder.add_silence(silence, backoff + max(symbols, default=0) + 1)
    builder.arcs.append((loop, loop, backoff, len(words), 0.0))
    return LexiconFst(FstArrays.from_arcs(builder.arcs, [(loop, 0.0)], 0), labels, backoff, len(words))


def _check_tokens(lexicon: Lexicon, tokens: SymbolTable) -> None:
    missing = [token for token in lexicon.tokens.names[1:] if token not in tokens]
    if missing:
        users = [p.word for p in lexicon.pronunciations if missing[0] in p.tokens][:5] or ["optional silence"]
        raise GraphError(
            f"lexicon_fst: the model lacks the tokens {' '.join(missing[:10])}; {missing[0]!r} is used by "
            f"{', '.join(users)}; use the lexicon that the model was trained with or map its tokens"
        )


class _Builder:
    """Collects the arcs of L; `loop` is the state between words, 2 the one before an optional silence."""

    def __init__(
        self,
        tokens: SymbolTable,
        labels: TokenLabels,
        loop: int,
        next_state: int,
        silence: Optional[OptionalSilence],
    ) -> None:
        self.tokens, self.labels, self.loop, self.next_state = tokens, labels, loop, next_state
        self.ends: List[Tuple[int, float]] = [(loop, 0.0)]
        if silence:
            self.ends = [(loop, math.log(1 - silence.probability)), (2, math.log(silence.probability))]
        self.arcs: List[Arc] = []

    def add(self, pronunciation: Pronunciation, word: int, symbol: int) -> None:
        """Adds one pronunciation, ending in its disambiguation symbol if it has one."""
        inputs = [
            self.labels.label(self.tokens[token], INSIDE if k else WORD_INITIAL)
            for k, token in enumerate(pronunciation.tokens)
        ]
        if symbol:
            inputs.append(symbol)
        state, output, score = self.loop, word, pronunciation.log_prob
        for label in inputs[:-1]:
            self.arcs.append((state, self.next_state, label, output, score))
            state, output, score = self.next_state, 0, 0.0
            self.next_state += 1
        for end, end_score in self.ends:
            self.arcs.append((state, end, inputs[-1], output, score + end_score))

    def add_silence(self, silence: OptionalSilence, symbol: int) -> None:
        """Adds silence at the beginning and the state through which every other silence passes.

        The symbol tells silence from a word whose pronunciation is the same token.
        """
        label = self.labels.label(self.tokens[silence.token], OUTSIDE)
        after = self.next_state
        self.next_state += 1
        self.arcs += [(2, after, label, 0, 0.0), (after, self.loop, symbol, 0, 0.0)]
        self.arcs += [(0, end, 0, 0, score) for end, score in self.ends]
