"""Writes the committed graphs anew: `python graphs/regenerate.py [FOLDER]`.

Each is small enough to be checked by eye; the tests compare what the library builds with them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Dict

import numpy as np

from fsaasr.core.files import write_text
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import estimate_ngram
from fsaasr.graph import (
    TOPOLOGIES,
    DecodingGraph,
    Topology,
    compile_graph,
    compile_token_graph,
    graph_to_text,
    ngram_fst,
    topology_fst,
    word_loop,
)
from fsaasr.lexicon import Lexicon, OptionalSilence

HERE = Path(__file__).resolve().parent

LEXICON = "hi h i\nhigh h i\nho h o\n"
TEXT = [["hi", "ho"], ["hi", "ho", "ho"], ["high", "ho"]]


def topology_graph(topology: Topology) -> DecodingGraph:
    """T for the two tokens a and b; its output labels are tokens."""
    tokens = SymbolTable(["a", "b"])
    columns = topology.columns(tokens)
    fst = topology_fst(topology, tokens)
    return DecodingGraph(fst, tokens, tokens, columns.token, columns.names, None, topology.name)


def grammar_graph() -> DecodingGraph:
    """G of a bigram over the toy text; `#0` is the backoff."""
    lexicon = Lexicon.from_text(LEXICON)
    words = SymbolTable([*lexicon.words.names[1:], "#0"])
    graph = ngram_fst(estimate_ngram(TEXT, 2), lexicon.words)
    return DecodingGraph(graph.fst, words, words, np.arange(1, len(words), dtype=np.int32), words.names[1:])


def compiled_graphs() -> Dict[str, DecodingGraph]:
    """The toy lexicon under a word loop and a bigram; `hi` and `high` sound alike."""
    lexicon, bigram = Lexicon.from_text(LEXICON), estimate_ngram(TEXT, 2)
    silence = Lexicon.from_text(LEXICON, silence=OptionalSilence())
    return {
        "ctc-loop": compile_graph(lexicon, word_loop(lexicon.words), "ctc"),
        "ctc-bigram": compile_graph(lexicon, bigram, "ctc"),
        "LG-silence-bigram": compile_token_graph(silence, bigram, "ctc").over_tokens(),
        "hmm1-silence-loop": compile_graph(silence, word_loop(silence.words), "hmm1"),
    }


def all_graphs() -> Dict[str, DecodingGraph]:
    """Every committed graph by its path, without suffix."""
    graphs = {f"topologies/{name}": topology_graph(topology) for name, topology in TOPOLOGIES.items()}
    graphs["golden/G-bigram"] = grammar_graph()
    return {**graphs, **{f"golden/{name}": graph for name, graph in compiled_graphs().items()}}


def main(folder: Path) -> None:
    """Writes all graphs below `folder`."""
    for name, graph in all_graphs().items():
        write_text(folder / f"{name}.txt", graph_to_text(graph))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
