"""Classes of a class-based language model, replaced by what they stand for when a graph is compiled."""

from __future__ import annotations

from typing import Mapping

import pynini

from fsaasr.core.errors import GraphError
from fsaasr.graph.lexicon_fst import LexiconFst
from fsaasr.graph.preflight import check_grammar


def replace_classes(language: pynini.Fst, classes: Mapping[str, pynini.Fst], lex: LexiconFst) -> pynini.Fst:
    """G with each class's acceptor in its place.

    A symbol marks where a class begins, and another where it ends, so that a word of a class is never taken for the
    same word in the language model, and L o G stays determinizable.

    Args:
      language: its arcs have a class's label of `lex.grammar_words` on both sides.
      classes: acceptors over the labels of `lex.words`, costs -log P(words | class).

    Raises:
      GraphError: a class that the grammar never says, or whose acceptor says nothing or is no acceptor of words.
    """
    said = {arc.olabel for state in language.states() for arc in language.arcs(state)}
    unused = [name for name in classes if lex.grammar_words[name] not in said]
    if unused:
        raise GraphError(
            f"replace_classes: the grammar never says {', '.join(unused)}; check the names, or leave the classes out"
        )
    root = len(lex.grammar_words) + 1  # a label that nothing else has
    pairs = [(root, language)]
    for name, members in classes.items():
        acceptor = pynini.determinize(check_grammar(members, lex.words))
        if float(acceptor.final(acceptor.start())) != float("inf"):
            raise GraphError(f"replace_classes: {name} may say nothing; make its acceptor say at least one word")
        pairs.append((lex.grammar_words[name], acceptor))
    result: pynini.Fst = pynini.replace(
        pairs, call_arc_labeling="input", return_arc_labeling="input", return_label=lex.class_end_output
    )
    result.connect()
    return result
