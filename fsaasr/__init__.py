"""Speech recognition with finite-state graphs: HMM and end-to-end models on one graph, one decoder, one lattice.

The names below are imported when they are first used, so that `import fsaasr` is quick and needs no
optional package. The search itself is `fsaasr.decode.decode`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Dict, List

if TYPE_CHECKING:
    from fsaasr.core.errors import FsaasrError
    from fsaasr.core.hypothesis import Hypothesis, Span
    from fsaasr.core.scores import Scores
    from fsaasr.core.symbols import SymbolTable
    from fsaasr.decode import (
        CtcOptions,
        Decoder,
        SearchOptions,
        align,
        ctc_decoder,
        forward_backward,
        one_best,
        prefix_decoder,
    )
    from fsaasr.evaluate import bootstrap_interval, character_errors, word_errors
    from fsaasr.grammar import Hotwords, estimate_ngram, grammar_from_pynini, perplexity, read_arpa, write_arpa
    from fsaasr.graph import (
        DecodingGraph,
        TokenGraph,
        TranscriptCompiler,
        compile_cached,
        compile_graph,
        compile_token_graph,
        load_graph,
        word_loop,
    )
    from fsaasr.hypotheses import read_hypotheses, write_hypotheses
    from fsaasr.lattice import Lattice, WordLattice, mbr_decode, rescore_ngram
    from fsaasr.lattice.formats import read_lattices, write_lattices
    from fsaasr.lexicon import Lexicon, OptionalSilence, character_lexicon, coverage, read_lexicon
    from fsaasr.models import load_model
    from fsaasr.recipe.recognizer import Recognizer

__version__ = "0.1.0"

_HOMES: Dict[str, str] = {
    "FsaasrError": "core.errors",
    "Hypothesis": "core.hypothesis",
    "Span": "core.hypothesis",
    "Scores": "core.scores",
    "SymbolTable": "core.symbols",
    "Lexicon": "lexicon",
    "OptionalSilence": "lexicon",
    "character_lexicon": "lexicon",
    "coverage": "lexicon",
    "read_lexicon": "lexicon",
    "Hotwords": "grammar",
    "estimate_ngram": "grammar",
    "grammar_from_pynini": "grammar",
    "perplexity": "grammar",
    "read_arpa": "grammar",
    "write_arpa": "grammar",
    "DecodingGraph": "graph",
    "TokenGraph": "graph",
    "TranscriptCompiler": "graph",
    "compile_cached": "graph",
    "compile_graph": "graph",
    "compile_token_graph": "graph",
    "load_graph": "graph",
    "word_loop": "graph",
    "load_model": "models",
    "Lattice": "lattice",
    "WordLattice": "lattice",
    "mbr_decode": "lattice",
    "rescore_ngram": "lattice",
    "read_lattices": "lattice.formats",
    "write_lattices": "lattice.formats",
    "read_hypotheses": "hypotheses",
    "write_hypotheses": "hypotheses",
    "CtcOptions": "decode",
    "Decoder": "decode",
    "SearchOptions": "decode",
    "align": "decode",
    "ctc_decoder": "decode",
    "forward_backward": "decode",
    "one_best": "decode",
    "prefix_decoder": "decode",
    "bootstrap_interval": "evaluate",
    "character_errors": "evaluate",
    "word_errors": "evaluate",
    "Recognizer": "recipe.recognizer",
}

__all__ = [
    "CtcOptions",
    "Decoder",
    "DecodingGraph",
    "FsaasrError",
    "Hotwords",
    "Hypothesis",
    "Lattice",
    "Lexicon",
    "OptionalSilence",
    "Recognizer",
    "Scores",
    "SearchOptions",
    "Span",
    "SymbolTable",
    "TokenGraph",
    "TranscriptCompiler",
    "WordLattice",
    "align",
    "bootstrap_interval",
    "character_errors",
    "character_lexicon",
    "compile_cached",
    "compile_graph",
    "compile_token_graph",
    "coverage",
    "ctc_decoder",
    "estimate_ngram",
    "forward_backward",
    "grammar_from_pynini",
    "load_graph",
    "load_model",
    "mbr_decode",
    "one_best",
    "perplexity",
    "prefix_decoder",
    "read_arpa",
    "read_hypotheses",
    "read_lattices",
    "read_lexicon",
    "rescore_ngram",
    "word_errors",
    "word_loop",
    "write_arpa",
    "write_hypotheses",
    "write_lattices",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'fsaasr' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"fsaasr.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted(__all__)
