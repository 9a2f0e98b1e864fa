"""`WeightedWords`: the words of a lattice, or of several, with probabilities in place of scores."""

from __future__ import annotations

import math
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice.common_words import common_words
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.scoring import scaled_scores

Int32 = npt.NDArray[np.int32]
Float64 = npt.NDArray[np.float64]


class WeightedWords(NamedTuple):
    """Arcs from state 0, where all paths begin, to the last state, where all end; in order of their sources.

    Attributes:
      source, target: int32 (A,); source < target.
      word: int32 (A,): number in `labels` of each arc's word; 0 where the arc has no word that counts.
      weight: float64 (A,): probability of the arc among those into its target; those into a state sum to 1.
      time: float64 (S,): frames before each state, of the first lattice's frames.
      labels: int32 (V,): the labels that occur, ascending, 0 first.
      words: table of the labels.
    """

    source: Int32
    target: Int32
    word: Int32
    weight: Float64
    time: Float64
    labels: Int32
    words: SymbolTable

    def numbers_of(self, words: Sequence[str]) -> Int32:
        """Number of each word in `labels`; -1 for words that do not occur."""
        labels = np.array([self.words.get(word) for word in words], dtype=np.int32)
        place = np.minimum(np.searchsorted(self.labels, labels), len(self.labels) - 1)
        return np.where(self.labels[place] == labels, place, -1).astype(np.int32)


def weighted_words(
    lattices: Sequence[ScoredPaths], scales: Tuple[float, float, float], ignore: Sequence[str], weights: Sequence[float]
) -> WeightedWords:
    """The arcs of all lattices side by side; lattice k is entered with probability `weights[k]`, over their sum.

    Args:
      lattices: of one utterance, at least one.
      scales: acoustic scale, LM scale and word insertion penalty.
      ignore: words that are not counted, as if their arcs had none.
      weights: > 0, one a lattice.

    Raises:
      LatticeError: no lattice, several utterances, a weight that is not above 0, or a lattice without a path.
      SymbolError: a word to ignore that no lattice knows.
    """
    if not lattices or len(weights) != len(lattices) or not all(0 < weight < math.inf for weight in weights):
        raise LatticeError(f"MBR: {len(lattices)} lattices and weights {list(weights)}; give a weight > 0 for each")
    utterances = sorted({lattice.utterance for lattice in lattices})
    if len(utterances) > 1:
        raise LatticeError(
            f"MBR: lattices of the utterances {utterances[0]!r} and {utterances[1]!r}; give those of one"
        )
    words, output_labels = common_words(lattices)
    silent = np.array([0, *(words[name] for name in ignore)], dtype=np.int32)
    parts = [_of_one(lattice, scales, label) for lattice, label in zip(lattices, output_labels)]
    before = np.cumsum([1, *(lattice.num_states for lattice in lattices)])
    end = before[-1]
    columns: List[List[npt.NDArray[np.generic]]] = []
    for (source, target, label, weight), first, share in zip(parts, before, weights):
        into = np.where(target < 0, end, target + first)
        weight = np.where(target < 0, weight * (share / sum(weights)), weight)
        columns.append([source + first, into, np.where(np.isin(label, silent), 0, label), weight])
    starts = [np.zeros(len(lattices), np.int64), before[:-1], np.zeros(len(lattices), np.int32), np.ones(len(lattices))]
    source, target, label, weight = (np.concatenate(column) for column in zip(starts, *columns))
    order = np.argsort(source, kind="stable")
    labels, word = np.unique(np.concatenate([[0], label[order]]), return_inverse=True)
    time = [lattice.state_frame * (lattice.frame_shift / lattices[0].frame_shift) for lattice in lattices]
    latest = max(float(frames.max()) for frames in time)
    return WeightedWords(
        source[order].astype(np.int32),
        target[order].astype(np.int32),
        word[1:].astype(np.int32),
        weight[order],
        np.concatenate([[0.0], *time, [latest]]),
        labels.astype(np.int32),
        words,
    )


def _of_one(
    lattice: ScoredPaths, scales: Tuple[float, float, float], label: Int32
) -> Tuple[Int32, Int32, Int32, Float64]:
    """Source, target, label and weight of a lattice's arcs, labelled anew, and then of its ends, whose target is -1."""
    from fsaasr.lattice.kernels import log_forward_backward

    scores, final = scaled_scores(lattice, *scales)
    alpha, beta = log_forward_backward(lattice.source, lattice.target, scores, final)
    if beta[0] == -np.inf:
        raise LatticeError(f"MBR: the lattice of {lattice.utterance!r} has no path to a final state")
    ends = np.flatnonzero(final > -np.inf).astype(np.int32)
    weight = np.exp(alpha[lattice.source] + scores - alpha[lattice.target])
    return (
        np.concatenate([lattice.source, ends]),
        np.concatenate([lattice.target, np.full(len(ends), -1, np.int32)]),
        np.concatenate([label, np.zeros(len(ends), np.int32)]),
        np.concatenate([weight, np.exp(alpha[ends] + final[ends] - beta[0])]),
    )
