"""`token_loop`: any tokens, for recognition without lexicon and grammar."""

from __future__ import annotations

from typing import Optional, Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.decoding_graph import TOKEN_START, WORD_START
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.token_graph import TokenGraph
from fsaasr.graph.topologies import find_topology
from fsaasr.graph.topology import Topology


def token_loop(
    tokens: SymbolTable,
    topology: Union[str, Topology] = "ctc",
    transitions: Optional[npt.NDArray[np.float32]] = None,
) -> TokenGraph:
    """Any sequence of tokens at score 0, each of which is a word of its own.

    Args:
      tokens: the model's.
      topology, transitions: as for `compile_token_graph`.
    """
    count = len(tokens) - 1
    labels, zeros = np.arange(1, count + 1), np.zeros(count)
    fst = FstArrays.from_columns(zeros, zeros, labels, labels, zeros, np.zeros(1))
    flags = np.full(count, TOKEN_START | WORD_START, dtype=np.uint8)
    return TokenGraph(fst, flags, tokens, tokens, find_topology(topology), transitions)
