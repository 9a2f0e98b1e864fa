"""Small grammars: a loop over all words, one fixed sequence."""

from __future__ import annotations

from typing import Optional, Sequence

import numpy as np
import numpy.typing as npt
import pynini

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.openfst import to_openfst


def word_loop(words: SymbolTable, log_probs: Optional[npt.ArrayLike] = None) -> pynini.Fst:
    """Any sequence of words, each at its own log probability.

    Args:
      words: W words besides epsilon.
      log_probs: (W,) natural log; uniform, `-log W`, if None.
    """
    count = len(words) - 1
    scores = np.full(count, -np.log(max(count, 1))) if log_probs is None else np.asarray(log_probs, dtype=np.float64)
    if count == 0 or scores.shape != (count,):
        raise GraphError(f"word_loop: {scores.shape} log probabilities for {count} words; give one each, at least one")
    labels = np.arange(1, count + 1)
    zeros = np.zeros(count, dtype=np.int32)
    return to_openfst(FstArrays.from_columns(zeros, zeros, labels, labels, scores, np.zeros(1)))


def linear_acceptor(labels: Sequence[int]) -> pynini.Fst:
    """Exactly this sequence of labels (W of them, > 0), at score 0."""
    sequence = np.asarray(labels, dtype=np.int64).reshape(-1)
    if len(sequence) and sequence.min() < 1:
        raise GraphError(f"linear_acceptor: found label {sequence.min()}, expected labels above 0 (0 is epsilon)")
    states = np.arange(len(sequence))
    finals = np.append(np.full(len(sequence), -np.inf), 0.0)
    return to_openfst(FstArrays.from_columns(states, states + 1, sequence, sequence, np.zeros(len(sequence)), finals))
