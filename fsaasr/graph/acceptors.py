"""Small grammars: a loop over all words, one word of a class, one fixed sequence."""

from __future__ import annotations

from typing import Mapping, Optional, Sequence

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


def word_choice(probabilities: Optional[Mapping[str, float]], words: SymbolTable) -> pynini.Fst:
    """One word of a class: an acceptor over the labels of `words` with costs -log P(word | class).

    Args:
      probabilities: in (0, 1]; all of `words`, each as likely, if None.

    Raises:
      GraphError: no words, words that the table lacks, or a probability out of range.
    """
    if probabilities is None:
        probabilities = dict.fromkeys(words.names[1:], 1 / max(1, len(words) - 1))
    if not probabilities:
        raise GraphError("word_choice: found no words; give at least one")
    lacking = [word for word in probabilities if word not in words]
    if lacking:
        raise GraphError(f"word_choice: the lexicon lacks {', '.join(map(repr, lacking[:10]))}; add pronunciations")
    wrong = [word for word, p in probabilities.items() if not 0.0 < p <= 1.0]
    if wrong:
        raise GraphError(
            f"word_choice: P({wrong[0]}) is {probabilities[wrong[0]]}, expected a probability in (0, 1]; leave out "
            "words that nobody says"
        )
    labels = [words[word] for word in probabilities]
    sources, targets = np.zeros(len(labels)), np.ones(len(labels))
    scores = np.log(list(probabilities.values()))
    return to_openfst(FstArrays.from_columns(sources, targets, labels, labels, scores, [-np.inf, 0.0]))


def linear_acceptor(labels: Sequence[int]) -> pynini.Fst:
    """Exactly this sequence of labels (W of them, > 0), at score 0."""
    sequence = np.asarray(labels, dtype=np.int64).reshape(-1)
    if len(sequence) and sequence.min() < 1:
        raise GraphError(f"linear_acceptor: found label {sequence.min()}, expected labels above 0 (0 is epsilon)")
    states = np.arange(len(sequence))
    finals = np.append(np.full(len(sequence), -np.inf), 0.0)
    return to_openfst(FstArrays.from_columns(states, states + 1, sequence, sequence, np.zeros(len(sequence)), finals))
