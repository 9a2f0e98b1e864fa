"""L: a lexicon as a transducer from tokens to words, with disambiguation symbols and optional silence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import List, Optional, Sequence, Tuple

import pynini

from fsaasr.core.errors import GraphError
from fsaasr.core.hypothesis import UNKNOWN
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.fst_arrays import Arc, FstArrays
from fsaasr.graph.openfst import to_openfst
from fsaasr.graph.token_labels import TokenLabels
from fsaasr.graph.unknown_word import UnknownWord
from fsaasr.lexicon import Lexicon, Pronunciation, disambiguation

INSIDE, WORD_INITIAL, OUTSIDE = 0, 1, 2
"""Roles of a token, indices into `token_labels.ROLES`."""


@dataclass(frozen=True)
class LexiconFst:
    """L and the meaning of its labels.

    Attributes:
      fst: input = token in a role (`labels`) or disambiguation symbol, output = word.
      words: names of the output labels.
      labels: token labels; input labels beyond `labels.num_labels` are disambiguation symbols.
      backoff_input, backoff_output: labels of `#0`, which lets an n-gram's backoff arcs pass.
      grammar_words: what a grammar may say: the lexicon's words, then slots, then classes.
      class_end_output: label of the end of a class.
      slot_input: input label of the first slot, beyond all disambiguation symbols; those of the others follow.
    """

    fst: FstArrays
    words: SymbolTable
    labels: TokenLabels
    backoff_input: int
    backoff_output: int
    grammar_words: SymbolTable
    class_end_output: int
    slot_input: int

    @cached_property
    def sorted_by_output(self) -> pynini.Fst:
        """L as an OpenFst, ready for composition with any number of grammars."""
        fst = to_openfst(self.fst)
        fst.arcsort("olabel")
        return fst


def lexicon_fst(
    lexicon: Lexicon,
    tokens: Optional[SymbolTable] = None,
    symbols: Optional[Sequence[int]] = None,
    unknown: Optional[UnknownWord] = None,
    slots: Sequence[str] = (),
    classes: Sequence[str] = (),
    within: bool = False,
) -> LexiconFst:
    """Builds L; any sequence of words of the lexicon is accepted.

    Where the probability of silence depends on the words, L remembers whether silence was before the next word, as
    Kaldi's make_lexicon_fst_silprob.py does (Chen, Xu, Povey, Khudanpur 2015).

    Args:
      lexicon: P pronunciations, their log probabilities and optional silence.
      tokens: the model's tokens; those of the lexicon if None.
      symbols: P disambiguation symbols, 0 for none; those that are needed if None.
      unknown: spells words that the lexicon lacks; its labels are beyond those of the disambiguation symbols.
      slots: names that stand for words to come: each is a word whose only token is a symbol of its own.
      classes: names that stand for words of the lexicon: symbols before and behind these pass through L, as `#0` does.
      within: L of what stands in a slot: silence only between words, as the slot has that around it.

    Raises:
      GraphError: a token of the lexicon that the model lacks, with the words that use it; a slot or class
        that is a word.
    """
    tokens = tokens or lexicon.tokens
    _check_tokens(lexicon, tokens)
    symbols = disambiguation(lexicon) if symbols is None else symbols
    silence = lexicon.silence
    labels = TokenLabels(len(tokens) - 1, (tokens[silence.token],) if silence else ())
    backoff = labels.num_labels + 1
    words = lexicon.words if unknown is None else unknown.words(lexicon)
    _check_names(words, [*slots, *classes])
    said = words.extended([*slots, *classes])
    builder = _Builder(lexicon, tokens, labels, within)
    for pronunciation, symbol in zip(lexicon.pronunciations, symbols):
        builder.add(pronunciation, words[pronunciation.word], backoff + symbol if symbol else 0)
    last = backoff + max(symbols, default=0) + 1
    builder.add_silence(last)
    if unknown is not None:
        builder.add_unknown(unknown, words[UNKNOWN], (last + 1, last + 2, last + 3))
        last += 3
    class_end = len(said) + 1
    passing = [(backoff, len(said))]
    if classes:
        outputs = [*map(said.__getitem__, classes), class_end]
        passing += [(last + number, output) for number, output in enumerate(outputs, 1)]
    builder.arcs += [(state, state, symbol, output, 0.0) for state in builder.between for symbol, output in passing]
    slot_input = last + len(passing)
    for number, slot in enumerate(slots):
        builder.add_slot(slot, slot_input + number, said[slot])
    fst = FstArrays.from_arcs(builder.arcs, builder.finals(), 0)
    return LexiconFst(fst, words, labels, backoff, len(said), said, class_end, slot_input)


def _check_tokens(lexicon: Lexicon, tokens: SymbolTable) -> None:
    missing = [token for token in lexicon.tokens.names[1:] if token not in tokens]
    if missing:
        users = [p.word for p in lexicon.pronunciations if missing[0] in p.tokens][:5] or ["optional silence"]
        raise GraphError(
            f"lexicon_fst: the model lacks the tokens {' '.join(missing[:10])}; {missing[0]!r} is used by "
            f"{', '.join(users)}; use the lexicon that the model was trained with or map its tokens"
        )


def _check_names(words: SymbolTable, names: Sequence[str]) -> None:
    known = [name for name in names if name in words]
    if known:
        raise GraphError(
            f"lexicon_fst: {known[0]!r}, which stands for words, is a word of the lexicon, or the unknown word, too; "
            "take that out, or rename it"
        )


class _Builder:
    """Collects the arcs of L.

    States: 0 the start, `between` those between words, `_BEFORE_SILENCE` the one before an optional silence. Without
    silence, the start is between words itself. With word-dependent silence, the second state between words is the one
    that silence leads to. Within a slot, words also begin at the start and end in `last`, both without any silence.
    """

    _BEFORE_SILENCE = 2

    def __init__(self, lexicon: Lexicon, tokens: SymbolTable, labels: TokenLabels, within: bool) -> None:
        self.lexicon, self.tokens, self.labels = lexicon, tokens, labels
        self.between: Tuple[int, ...] = (1,) if lexicon.silence else (0,)
        self.next_state = 3 if lexicon.silence else 1
        if lexicon.word_dependent_silence:
            self.between = (1, 3)
            self.next_state = 4
        self.last: Optional[int] = None
        if within and lexicon.silence:
            self.last = self.next_state
            self.next_state += 1
        self.arcs: List[Arc] = []
        names = lexicon.tokens.names[1:]
        # Looked up for each token of each word, which takes most of the time.
        self._initial = {name: labels.label(tokens[name], WORD_INITIAL) for name in names}
        self._inside = {name: labels.label(tokens[name], INSIDE) for name in names}

    def add(self, pronunciation: Pronunciation, word: int, symbol: int) -> None:
        """Adds one pronunciation, ending in its disambiguation symbol if it has one."""
        first, *others = pronunciation.tokens
        inputs = [self._initial[first], *map(self._inside.__getitem__, others)]
        if symbol:
            inputs.append(symbol)
        begins = [(state, word, pronunciation.log_prob + self.before(state, pronunciation)) for state in self.between]
        if self.last is not None:
            begins.append((0, word, pronunciation.log_prob))
        for label in inputs[:-1]:
            self.arcs += [(state, self.next_state, label, output, score) for state, output, score in begins]
            begins = [(self.next_state, 0, 0.0)]
            self.next_state += 1
        for state, output, score in begins:
            for end, end_score in self._ends(pronunciation):
                self.arcs.append((state, end, inputs[-1], output, score + end_score))
            if self.last is not None:
                self.arcs.append((state, self.last, inputs[-1], output, score))

    def add_slot(self, name: str, symbol: int, word: int) -> None:
        """Adds a slot: a word, with the silence of any word, that `symbol` stands for."""
        entry = Pronunciation(name, (name,))
        self.arcs += [
            (state, end, symbol, word, self.before(state, entry) + score)
            for state in self.between
            for end, score in self._ends(entry)
        ]

    def finals(self) -> List[Tuple[int, float]]:
        """Where a sentence, or what is in a slot, may end."""
        if self.last is not None:
            return [(self.last, 0.0)]
        return [(state, self.before(state)) for state in self.between]

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
        if self.last is None:
            self.arcs += [(0, end, 0, 0, score) for end, score in self._ends()]

    def add_unknown(self, unknown: UnknownWord, word: int, symbols: Tuple[int, int, int]) -> None:
        """Adds any tokens as a word.

        Args:
          symbols: of its beginning, of back-offs within, and of its end: whatever is said within, a path is not taken
            for one of another word, nor for one that ends elsewhere.
        """
        begin, backoff, end = symbols
        entry = Pronunciation(UNKNOWN, (UNKNOWN,))  # like any word that the lexicon says nothing more of
        arcs, start, ends = unknown.arcs(self.tokens, self.next_state, backoff)
        for source, target, label, first, score in arcs:
            is_token = label != backoff
            told = self.labels.label(label, WORD_INITIAL if first else INSIDE) if is_token else backoff
            # Lattices take it that no word has its label before its first token.
            self.arcs.append((source, target, told, word * first, score))
        self.next_state = max(max(arc[:2]) for arc in arcs) + 1
        self.arcs += [(s, start, begin, 0, unknown.score + self.before(s, entry)) for s in self.between]
        ending = [self.labels.label(self.tokens[token], INSIDE) for token in unknown.ending]
        for label in [end, *ending[:-1]] if ending else ():
            self.arcs += [(state, self.next_state, label, 0, score) for state, score in ends]
            ends = [(self.next_state, 0.0)]
            self.next_state += 1
        last = ending[-1] if ending else end
        self.arcs += [(s, t, last, 0, score + after) for s, score in ends for t, after in self._ends(entry)]

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
