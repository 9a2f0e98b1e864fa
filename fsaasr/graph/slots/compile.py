"""Graphs with slots, from a lexicon and a grammar that names the slots as words."""

from __future__ import annotations

from typing import Optional, Sequence, Union

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import NgramModel
from fsaasr.graph.build_report import BuildReport
from fsaasr.graph.compile import CompileOptions, Grammar, Transitions, compose_lexicon, grammar_step, lexicon_step
from fsaasr.graph.slots.frame import open_frame
from fsaasr.graph.slots.slot_graph import SlotGraph
from fsaasr.graph.topologies import find_topology
from fsaasr.graph.topology import Topology
from fsaasr.graph.topology_fst import check_transitions
from fsaasr.graph.unknown_word import UnknownWord
from fsaasr.lexicon import Lexicon


def compile_slot_graph(
    lexicon: Lexicon,
    grammar: Grammar,
    topology: Union[str, Topology] = "ctc",
    *,
    slots: Sequence[str],
    tokens: Optional[SymbolTable] = None,
    transitions: Optional[Transitions] = None,
    unknown: Optional[UnknownWord] = None,
    options: CompileOptions = CompileOptions(),  # noqa: B008 (frozen)
) -> SlotGraph:
    """As `compile_token_graph`, with slots: words of the grammar whose pronunciations are given later.

    A path that says w in slot s has the score that the grammar has for s, plus log P(w | s) and w's pronunciation
    probability. Around a slot stands the silence of a word without silence probabilities of its own.

    Args:
      lexicon: pronunciations of all other words.
      grammar: an n-gram model in which the slots are words (`$city`, `<unk>`), or an acceptor over the labels of
        `lexicon.words` and, after them, the slots.
      slots: names of the slots.
      topology, tokens, transitions, unknown, options: as for `compile_token_graph`.

    Returns:
      The graph with its slots empty, ready for use as any graph; `with_words` fills them.

    Raises:
      GraphError: no slot, one named twice, one that the grammar never says or that is a word of the lexicon; or as
        `compile_token_graph`.
      GraphBudgetError: determinization exceeded its budget.
    """
    names = tuple(slots)
    if not names or len(set(names)) < len(names):
        raise GraphError(f"compile_slot_graph: slots are {', '.join(names) or 'none'}; expected names, each once")
    tokens = tokens or lexicon.tokens
    chosen = find_topology(topology)
    check_transitions(chosen, transitions, len(chosen.columns(tokens).names))
    report = BuildReport()
    lex = lexicon_step(lexicon, tokens, report, unknown, names)
    language = grammar_step(grammar, lex, report, unknown)
    bounded = isinstance(grammar, NgramModel)
    arrays = compose_lexicon(lex, language, tokens, options, report, bounded)
    frame = open_frame(arrays, lex, names, tokens, chosen, transitions)
    return SlotGraph(frame, None, report.to_dict())
