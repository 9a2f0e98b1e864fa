"""Lexicon, grammar and topology composed into one graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Mapping, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt
import pynini

from fsaasr.core.errors import GraphError
from fsaasr.core.hypothesis import UNKNOWN
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import NgramModel
from fsaasr.graph.build_report import BuildReport
from fsaasr.graph.bypass import bypass_epsilons
from fsaasr.graph.classes import replace_classes
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.determinize import Budget, determinize, minimize
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.lexicon_fst import LexiconFst, lexicon_fst
from fsaasr.graph.ngram_fst import ngram_fst
from fsaasr.graph.openfst import from_openfst, to_openfst
from fsaasr.graph.preflight import check_grammar, check_lexicon, describe_twins
from fsaasr.graph.token_graph import TokenGraph
from fsaasr.graph.topologies import find_topology
from fsaasr.graph.topology import Topology
from fsaasr.graph.topology_fst import check_transitions
from fsaasr.graph.unknown_word import UnknownWord
from fsaasr.lexicon import Lexicon

Grammar = Union[pynini.Fst, NgramModel]
Transitions = npt.NDArray[np.float32]


@dataclass(frozen=True)
class CompileOptions:
    """How a graph is built.

    Attributes:
      minimize: merge states with equal futures; off for graphs that are used once.
      budget: what determinization may cost. If None, a default one holds for grammars of any shape, and
        none for n-gram models: those are deterministic, so that L o G cannot grow.
    """

    minimize: bool = True
    budget: Optional[Budget] = None


def compile_graph(
    lexicon: Lexicon,
    grammar: Grammar,
    topology: Union[str, Topology] = "ctc",
    *,
    tokens: Optional[SymbolTable] = None,
    transitions: Optional[Transitions] = None,
    unknown: Optional[UnknownWord] = None,
    classes: Optional[Mapping[str, pynini.Fst]] = None,
    options: CompileOptions = CompileOptions(),
) -> DecodingGraph:
    """Composes topology, lexicon and grammar: T o min(det(L o G)) (Mohri, Pereira, Riley 2002).

    The graph accepts the columns of every sentence of the grammar in every pronunciation; a path's
    score is the sum of LM, pronunciation, silence and transition log probabilities.

    Args:
      lexicon: pronunciations; its words are the graph's output labels.
      grammar: an n-gram model, or an acceptor over `lexicon.words` labels with costs as weights (with `unknown`, over
        the labels of `unknown.words(lexicon)`).
      topology: name of a shipped topology, or a Topology.
      tokens: the model's tokens, which fix the score columns; the lexicon's if None.
      transitions: float32 (C, W) log probabilities to stay in and to leave each column, see `Moves`.
      unknown: where the grammar has `<unk>`, any tokens may be said; None: only the lexicon's words may.
      classes: by names that the grammar has as words (`$city`): acceptors over `lexicon.words` labels that stand there,
        with costs -log P(words | class), e.g. by `word_choice`. An acceptor names them by the labels after those of
        `lexicon.words`. `compile_slot_graph` has classes whose words are given later.

    Returns:
      The graph; `build` holds a BuildReport with each step's size, time and peak memory, and the words
      of the grammar that the lexicon lacks.

    Raises:
      GraphError: tokens that the model lacks, a grammar that accepts no word of the lexicon, or lacks `<unk>`
        where `unknown` is given, or input that cannot be determinized; names the words.
      GraphBudgetError: determinization exceeded its budget.
    """
    return compile_token_graph(
        lexicon,
        grammar,
        topology,
        tokens=tokens,
        transitions=transitions,
        unknown=unknown,
        classes=classes,
        options=options,
    ).expand()


def compile_token_graph(
    lexicon: Lexicon,
    grammar: Grammar,
    topology: Union[str, Topology] = "ctc",
    *,
    tokens: Optional[SymbolTable] = None,
    transitions: Optional[Transitions] = None,
    unknown: Optional[UnknownWord] = None,
    classes: Optional[Mapping[str, pynini.Fst]] = None,
    options: CompileOptions = CompileOptions(),
) -> TokenGraph:
    """As `compile_graph`, without the last step: min(det(L o G)), and the topology beside it.

    Arguments and errors are those of `compile_graph`.
    """
    tokens = tokens or lexicon.tokens
    chosen = find_topology(topology)
    check_transitions(chosen, transitions, len(chosen.columns(tokens).names))
    report = BuildReport()
    lex = lexicon_step(lexicon, tokens, report, unknown, classes=tuple(classes or ()))
    language = grammar_step(grammar, lex, report, unknown, classes)
    bounded = isinstance(grammar, NgramModel)
    arrays = compose_lexicon(lex, language, tokens, options, report, bounded)
    _check_unknown(arrays, lex, unknown)
    return attach_topology(arrays, lex, chosen, tokens, transitions, report)


def attach_topology(
    lg: FstArrays,
    lex: LexiconFst,
    topology: Topology,
    tokens: SymbolTable,
    transitions: Optional[Transitions],
    report: BuildReport,
) -> TokenGraph:
    """`compose_lexicon`'s result with what it takes to spell its tokens as columns."""
    label, flags = lex.labels.split(lg.input_label)
    fst = replace(lg, input_label=label)
    return TokenGraph(fst, flags, lex.words, tokens, topology, transitions, report.to_dict())


def lexicon_step(
    lexicon: Lexicon,
    tokens: SymbolTable,
    report: BuildReport,
    unknown: Optional[UnknownWord] = None,
    slots: Sequence[str] = (),
    classes: Sequence[str] = (),
) -> LexiconFst:
    """L, with slots, and symbols of classes."""
    check_lexicon(lexicon)
    with report.step("L") as done:
        lex = lexicon_fst(lexicon, tokens, unknown=unknown, slots=slots, classes=classes)
        done(to_openfst(lex.fst))
    return lex


def _check_unknown(lg: FstArrays, lex: LexiconFst, unknown: Optional[UnknownWord]) -> None:
    if unknown is not None and not (lg.output_label == lex.words[UNKNOWN]).any():
        raise GraphError(
            f"compile_graph: the grammar never has {UNKNOWN}, so the graph could not use `unknown`; put it in, with "
            "its label of `unknown.words(lexicon)`"
        )


def grammar_step(
    grammar: Grammar,
    lex: LexiconFst,
    report: BuildReport,
    unknown: Optional[UnknownWord] = None,
    classes: Optional[Mapping[str, pynini.Fst]] = None,
) -> pynini.Fst:
    """G over `lex.grammar_words`, classes replaced."""
    with report.step("G") as done:
        if isinstance(grammar, NgramModel):
            grammar = grammar if unknown is None else unknown.grammar(grammar)
            ngram = ngram_fst(grammar, lex.grammar_words, lex.backoff_output)
            report.missing_words += ngram.missing_words
            arrays = ngram.fst
        else:
            arrays = from_openfst(check_grammar(grammar, lex.grammar_words))
        # Words pass through; what a backoff arc or a slot reads must not come out as a word.
        is_word = arrays.output_label < len(lex.words)
        for name in classes or ():
            is_word |= arrays.output_label == lex.grammar_words[name]
        language = to_openfst(replace(arrays, output_label=arrays.output_label * is_word))
        if classes:
            language = replace_classes(language, classes, lex)
        done(language.arcsort("ilabel"))
    return language


def compose_lexicon(
    lex: LexiconFst,
    language: pynini.Fst,
    tokens: SymbolTable,
    options: CompileOptions,
    report: BuildReport,
    bounded: bool = False,
) -> FstArrays:
    """L o G, determinized, minimized, disambiguation symbols turned into epsilon; arcs sorted by input label.

    Labels of slots stay.
    """
    with report.step("L o G") as done:
        lg = pynini.compose(lex.sorted_by_output, language)
        done(lg)
    if lg.num_states() == 0:
        raise GraphError(
            "compile_graph: lexicon and grammar have no sentence in common; check that the grammar's words are in the "
            "lexicon, in the same letter case"
        )
    with report.step("determinize") as done:
        arrays = determinize(lg, options.budget, describe_twins(lex, tokens), bounded)
        del lg  # as large as all that follows
        done(arrays)
    if options.minimize:
        with report.step("minimize") as done:
            arrays = minimize(arrays)
            done(arrays)
    with report.step("remove disambiguation") as done:
        arrays = _without_disambiguation(arrays, lex)
        done(arrays)
    return arrays


def _without_disambiguation(lg: FstArrays, lex: LexiconFst) -> FstArrays:
    is_symbol = (lg.input_label > lex.labels.num_labels) & (lg.input_label < lex.slot_input)
    labels = np.where(is_symbol, 0, lg.input_label)
    result = to_openfst(bypass_epsilons(replace(lg, input_label=labels)))
    result.connect()
    result.arcsort("ilabel")
    return from_openfst(result)
