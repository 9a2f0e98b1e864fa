"""Minimum Bayes risk decoding: the words with the fewest expected errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional, Sequence, Tuple, Union

import numpy as np

from fsaasr.core.errors import LatticeError
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.lattice.best import best_path
from fsaasr.lattice.risk.confusion_network import ConfusionNetwork
from fsaasr.lattice.risk.placement import network, placed, reference_of
from fsaasr.lattice.risk.weighted_words import weighted_words
from fsaasr.lattice.risk.word_times import separated
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.scoring import total_score
from fsaasr.lattice.word_lattice import WordLattice

GAIN = 1e-9
"""A step that lowers the expected errors by less is rounding."""


@dataclass(frozen=True, eq=False)
class MbrResult:
    """What minimum Bayes risk decoding found.

    Attributes:
      hypothesis: the words, each with mean times and its posterior as confidence; its rule is `MBR`. Tokens and columns
        are left out and its scores are NaN, for it need not be any path's.
      expected_errors: word errors (substitutions, deletions, insertions) to be expected of it, by the recursion of
        Xu et al.: an upper bound of the expected edit distance, see `mbr_decode`.
      map_expected_errors: the same for the words of the best path; never less.
      network: the alternatives.
    """

    hypothesis: Hypothesis
    expected_errors: float
    map_expected_errors: float
    network: ConfusionNetwork


def mbr_decode(
    lattice: Union[WordLattice, Sequence[WordLattice]],
    acoustic_scale: float = 1.0,
    lm_scale: float = 1.0,
    word_insertion_penalty: float = 0.0,
    ignore: Sequence[str] = (),
    weights: Optional[Sequence[float]] = None,
) -> MbrResult:
    """Finds words with few expected errors under the posteriors of a lattice, or of several systems' lattices.

    After Xu, Povey, Mangu and Zhu, "Minimum Bayes risk decoding and system combination based on a recursion for edit
    distance", Computer Speech and Language 25 (2011): from the words of the best path on, each word gives way to the
    most probable one in its place while that lowers the expected errors. The result is the best sequence met, a local
    minimum. The recursion aligns all histories that meet in a state alike from there on: what it gives is the cost of
    one way of aligning all paths, so never less than the expected edit distance, and equal to it where each state has
    one history (a tree, a list of n best); `expected_word_errors` is exact everywhere. Words stand where they cost
    least, and of places that cost the same in the nearest in time. Arcs without word cost nothing, wherever they are.

    Args:
      lattice: paths of words; or those of several systems for one utterance, whose posteriors are averaged. Tables are
        matched by name, times by frame shift. Systems that want scales of their own get them from `scaled`, before.
      acoustic_scale, lm_scale, word_insertion_penalty: as in `best_path`; they set how sharp the posteriors are.
      ignore: words that are not counted, as if their arcs had none, such as noises.
      weights: > 0, of the systems; equal by default.

    Returns:
      Hypothesis, expected errors and confusion network.

    Raises:
      LatticeError: a `Lattice` (whose word arcs do not have the words' frames), no lattice, lattices of several
        utterances, a weight that is not above 0, a negative scale, or no final state.
      SymbolError: a word to ignore that no lattice knows.
    """
    lattices = [lattice] if isinstance(lattice, ScoredPaths) else list(lattice)
    for one in lattices:
        if not isinstance(one, WordLattice):
            raise LatticeError(
                f"mbr_decode: {one.utterance!r} is a {type(one).__name__}; call its `word_lattice()` first"
            )
    scales = (acoustic_scale, lm_scale, word_insertion_penalty)
    shares = [1.0] * len(lattices) if weights is None else list(weights)
    arcs = weighted_words(lattices, scales, ignore, shares)
    words = [word for word in _most_probable(lattices, scales, shares).words if word.name not in ignore]
    best = first = placed(arcs, reference_of(words, arcs, lattices[0].frame_shift))
    while True:
        other = placed(arcs, best.favourites())
        if not other.expected_errors < best.expected_errors - GAIN:
            break
        best = other
    found = network(arcs, best, lattices[0])
    hypothesis = _read_out(found, all(one.reached_final for one in lattices))
    return MbrResult(hypothesis, best.expected_errors, first.expected_errors, found)


def _most_probable(
    lattices: Sequence[ScoredPaths], scales: Tuple[float, float, float], weights: Sequence[float]
) -> Hypothesis:
    """The most probable path of all lattices."""
    paths = []
    for lattice, weight in zip(lattices, weights):
        path = best_path(lattice, *scales)
        score = scales[0] * path.acoustic_score + scales[1] * path.graph_score - scales[2] * len(path.words)
        paths.append((math.log(weight) + score - total_score(lattice, *scales), path))
    _, best = max(paths, key=lambda scored: scored[0])
    return best


def _read_out(found: ConfusionNetwork, reached_final: bool) -> Hypothesis:
    """The hypothesis of a confusion network, with times and confidences."""
    first = found.offsets[:-1]
    first = first[found.label[first] > 0]
    begin, end = separated(found.begin[first], found.end[first], np.ones(len(first)))
    names = found.words.names_of(found.label[first].tolist())
    times = ((begin * found.frame_shift).tolist(), (end * found.frame_shift).tolist())
    words = tuple(Span(*span) for span in zip(names, *times, found.posterior[first].tolist()))
    return Hypothesis(found.utterance, words, (), (), math.nan, math.nan, reached_final, "MBR")
