"""Language models and grammars: ARPA in and out, n-gram estimation, perplexity, word grammars."""

from fsaasr.grammar.arpa_reader import read_arpa
from fsaasr.grammar.arpa_writer import write_arpa
from fsaasr.grammar.constraints import SlotGrammar, phrase_list, requiring, within, without
from fsaasr.grammar.context_overlap import ContextOverlap
from fsaasr.grammar.estimate import estimate_ngram
from fsaasr.grammar.estimation_report import EstimationReport
from fsaasr.grammar.failure_automaton import FailureAutomaton
from fsaasr.grammar.grammar_files import load_grammar
from fsaasr.grammar.hotwords import Hotword, Hotwords, UnknownHotwordWarning
from fsaasr.grammar.interpolation import interpolate
from fsaasr.grammar.jsgf import JsgfGrammar, parse_jsgf, read_jsgf
from fsaasr.grammar.kenlm_model import KenlmModel
from fsaasr.grammar.ngram_model import NgramModel, NgramOrder
from fsaasr.grammar.ngram_states import NgramStates
from fsaasr.grammar.normalization import context_sums, normalization_error
from fsaasr.grammar.perplexity_report import PerplexityReport, perplexity
from fsaasr.grammar.pynini_grammar import grammar_from_pynini
from fsaasr.grammar.slot_values import SlotReader
from fsaasr.grammar.text_files import read_sentences
from fsaasr.grammar.token_hotwords import TokenHotwords
from fsaasr.grammar.unknown_word import with_unknown
from fsaasr.grammar.word_grammar import repeat, stochastic

__all__ = [
    "ContextOverlap",
    "EstimationReport",
    "FailureAutomaton",
    "Hotword",
    "Hotwords",
    "JsgfGrammar",
    "KenlmModel",
    "NgramModel",
    "NgramOrder",
    "NgramStates",
    "PerplexityReport",
    "SlotGrammar",
    "SlotReader",
    "TokenHotwords",
    "UnknownHotwordWarning",
    "context_sums",
    "estimate_ngram",
    "grammar_from_pynini",
    "interpolate",
    "load_grammar",
    "normalization_error",
    "parse_jsgf",
    "perplexity",
    "phrase_list",
    "read_arpa",
    "read_jsgf",
    "read_sentences",
    "repeat",
    "requiring",
    "stochastic",
    "with_unknown",
    "within",
    "without",
    "write_arpa",
]
