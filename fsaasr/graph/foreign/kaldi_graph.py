"""Kaldi's decoding graphs: `HCLG.fst` over transition-ids, `TLG.fst` over tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional, Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import FileFormatError, GraphError
from fsaasr.core.files import PathLike
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.foreign.columns import ForeignColumns, SymbolSource, find_words, plain_columns, read_columns
from fsaasr.graph.foreign.openfst_file import read_openfst_file
from fsaasr.graph.foreign.transitions import TransitionColumns, read_transitions
from fsaasr.graph.fst_arrays import FstArrays

Transitions = Union[PathLike, npt.NDArray[np.int32], TransitionColumns]


def read_kaldi_graph(
    path: PathLike,
    words: SymbolSource,
    *,
    tokens: Optional[SymbolSource] = None,
    transitions: Optional[Transitions] = None,
) -> DecodingGraph:
    """A graph that Kaldi, WeNet, EESEN or sherpa made, as a decoding graph.

    Args:
      path: an OpenFst file of type `vector` or `const`, perhaps gzipped: `HCLG.fst`, `TLG.fst`, `HLG.fst`.
      words: `words.txt` or its table.
      tokens: for a graph whose input labels are columns + 1, as CTC graphs have it: `tokens.txt` or the table of the
        tokens, see `read_columns`. Without it, columns are as many as the labels need, and named by their numbers.
      transitions: for a graph over transition-ids: the pdf of each, which becomes the score column. An int array
        whose entry i is the pdf of transition-id i (entry 0 is not used), or a file; see `read_transitions`.

    Returns:
      The graph, without arc flags unless the transitions tell of phones: hypotheses have their words, the scores of
      all paths are those of the file, and words begin where their labels stand. Self-loops of Kaldi's graphs have
      their probabilities in the graph as any arc has.

    Raises:
      FileFormatError: a damaged file, or labels beyond the words, tokens or transition-ids; names the file.
      GraphError: tokens and transitions at once.
    """
    if tokens is not None and transitions is not None:
        raise GraphError("read_kaldi_graph: labels are tokens or transition-ids; pass one of tokens and transitions")
    fst = read_openfst_file(path).fst
    try:
        if transitions is not None:
            table = _find_transitions(transitions)
            fst = replace(fst, input_label=table.columns_of(fst.input_label))
            columns = table.columns
        else:
            columns = _label_columns(fst, tokens)
        graph = DecodingGraph(fst, find_words(words), columns.tokens, columns.token, columns.names)
        graph.check()
    except FileFormatError:
        raise
    except GraphError as error:
        raise FileFormatError(path, None, f"{error}; pass the symbol files that belong to the graph") from error
    return graph


def _label_columns(fst: FstArrays, tokens: Optional[SymbolSource]) -> ForeignColumns:
    return plain_columns(int(fst.input_label.max(initial=0))) if tokens is None else read_columns(tokens)


def _find_transitions(transitions: Transitions) -> TransitionColumns:
    if isinstance(transitions, TransitionColumns):
        return transitions
    if isinstance(transitions, np.ndarray):
        return TransitionColumns.of_pdfs(transitions)
    return read_transitions(transitions)
