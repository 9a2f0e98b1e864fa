"""Language models and grammars: ARPA in and out, n-gram estimation, perplexity, word grammars."""

from fsaasr.grammar.arpa_reader import read_arpa
from fsaasr.grammar.arpa_writer import write_arpa
from fsaasr.grammar.estimate import estimate_ngram
from fsaasr.grammar.estimation_report import EstimationReport
from fsaasr.grammar.ngram_model import NgramModel, NgramOrder

__all__ = ["EstimationReport", "NgramModel", "NgramOrder", "estimate_ngram", "read_arpa", "write_arpa"]
