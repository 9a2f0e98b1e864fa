"""Checks before determinization, in terms of words instead of states."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
import pynini
import pywrapfst

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.lexicon_fst import LexiconFst
from fsaasr.graph.openfst import from_openfst, to_openfst
from fsaasr.graph.twins import Twins
from fsaasr.lexicon import Lexicon, disambiguation


def check_lexicon(lexicon: Lexicon, symbols: Optional[Sequence[int]] = None) -> None:
    """Raises GraphError where two pronunciations cannot be told apart.

    Args:
      symbols: disambiguation symbol of each pronunciation, 0 for none; the usual ones if None.
    """
    symbols = disambiguation(lexicon) if symbols is None else symbols
    seen: Dict[Tuple[Tuple[str, ...], int], str] = {}
    for pronunciation, symbol in zip(lexicon.pronunciations, symbols):
        key = (pronunciation.tokens, symbol)
        other = seen.setdefault(key, pronunciation.word)
        if other != pronunciation.word:
            raise GraphError(
                f"compile_graph: {other!r} and {pronunciation.word!r} are both pronounced "
                f"{' '.join(pronunciation.tokens)!r} with disambiguation symbol {symbol}; give them different ones"
            )


def check_grammar(grammar: pynini.Fst, words: SymbolTable) -> pynini.Fst:
    """A grammar that composition can use: an epsilon-free, deterministic acceptor of the lexicon's words.

    Raises:
      GraphError: not a tropical acceptor, a label beyond the words, a loop of epsilons that gains
        score for nothing, or an empty language.
    """
    if grammar.arc_type() != "standard":
        raise GraphError(f"compile_graph: the grammar's arc type is {grammar.arc_type()!r}, expected 'standard'")
    arrays = from_openfst(grammar)
    if not np.array_equal(arrays.input_label, arrays.output_label):
        raise GraphError("compile_graph: the grammar is a transducer, expected an acceptor; project it to its words")
    if arrays.num_arcs and int(arrays.input_label.max()) >= len(words):
        raise GraphError(
            f"compile_graph: the grammar has label {int(arrays.input_label.max())}, but the lexicon's last word has "
            f"label {len(words) - 1}; build the grammar over `lexicon.words`"
        )
    _check_epsilon_loops(arrays, words)
    clean: pynini.Fst = grammar.copy().rmepsilon()
    if clean.num_states() == 0:
        raise GraphError("compile_graph: the grammar accepts nothing")
    return clean


def _check_epsilon_loops(arrays: FstArrays, words: SymbolTable) -> None:
    empty = arrays.input_label == 0
    if not empty.any():
        return
    source = arrays.source_state
    zeros = np.zeros(int(empty.sum()), dtype=np.int32)
    only = FstArrays.from_columns(
        source[empty], arrays.next_state[empty], zeros, zeros, arrays.score[empty], arrays.final_score, arrays.start
    )
    if to_openfst(only).properties(pywrapfst.CYCLIC, True) & pywrapfst.CYCLIC:
        near = {words.name(int(w)) for w in arrays.input_label[np.isin(source, source[empty])] if w}
        raise GraphError(
            "compile_graph: the grammar loops without consuming a word, beside "
            f"{', '.join(sorted(near)[:5]) or 'no word'}; a closure over something optional does this"
        )


def describe_twins(lex: LexiconFst, tokens: SymbolTable) -> Callable[[Twins], str]:
    """Puts a witness against determinizability into words and tokens."""
    names = tokens.names

    def describe(twins: Twins) -> str:
        said = " ".join(_input_name(label, lex, names) for label in twins.inputs)
        sides: List[str] = []
        for side in twins.outputs:
            sides.append(" ".join(lex.words.name(w) if w < len(lex.words) else "#0" for w in side))
        return f"tokens {said!r} as {sides[0]!r} and as {sides[1]!r}"

    return describe


def _input_name(label: int, lex: LexiconFst, names: Tuple[str, ...]) -> str:
    if label > lex.labels.num_labels:
        return f"#{label - lex.backoff_input}"
    return names[(label - 1) % lex.labels.num_tokens + 1] if label else "<eps>"
