"""The n best distinct word sequences of a lattice, exactly."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import islice
from typing import Any, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.scoring import scaled_scores

Words = Tuple[int, ...]


def nbest(
    lattice: ScoredPaths,
    n: int,
    acoustic_scale: float = 1.0,
    lm_scale: float = 1.0,
    word_insertion_penalty: float = 0.0,
) -> List[Hypothesis]:
    """The `n` word sequences of greatest score, each with its best path.

    Arguments, order and errors are those of `nbest_paths`; hypotheses have unscaled scores.
    """
    paths = nbest_paths(lattice, n, acoustic_scale, lm_scale, word_insertion_penalty)
    return [lattice.read_path(path) for path in paths]


def nbest_paths(
    lattice: ScoredPaths,
    n: int,
    acoustic_scale: float = 1.0,
    lm_scale: float = 1.0,
    word_insertion_penalty: float = 0.0,
) -> List[npt.NDArray[np.int32]]:
    """Arcs of the best path of each of the `n` word sequences of greatest score.

    The score of a word sequence is that of its best path, as in `best_path`. The search is best first over word
    prefixes, with the exact score of the best completion of each (Mohri and Riley 2002): no sequence is met twice, and
    only prefixes of what is returned are looked into, about `n` times as many as a sequence has words.

    Args:
      lattice: paths to choose from.
      n: sequences wanted, >= 1.
      acoustic_scale, lm_scale, word_insertion_penalty: as in `best_path`.

    Returns:
      int32 arrays, best first; fewer than `n` only if the lattice has no more. Equally good sequences come in ascending
      order of their word labels (a prefix before what continues it); of the equally good paths of one sequence, the
      first in arc order is taken. Sums are float64.

    Raises:
      LatticeError: `n` < 1, a negative scale, or no final state.
    """
    if n < 1:
        raise LatticeError(f"nbest: n is {n}, expected a number of hypotheses >= 1")
    search = _Search(lattice, *scaled_scores(lattice, acoustic_scale, lm_scale, word_insertion_penalty))
    found = sorted(islice(search.best_first(), n), key=lambda ending: ending[:2])
    return [search.arcs(prefix, end) for _, _, prefix, end in found]


class _Prefix:
    """A word prefix: the `place`-th continuation of its parent; once it was extended, the states it can be in."""

    __slots__ = ("following", "met", "parent", "place")

    def __init__(self, parent: Optional[_Prefix] = None, place: int = 0) -> None:
        self.parent = parent
        self.place = place
        self.met: Optional[Tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]] = None
        self.following: Any = None

    def seeds(self) -> Tuple[Any, Any, Any]:
        """As `extend_prefix` takes them."""
        if self.parent is None:
            return np.zeros(1, dtype=np.int32), np.zeros(1), np.full(1, -1, dtype=np.int32)
        _, _, offsets, state, value, arc = self.parent.following
        part = slice(offsets[self.place], offsets[self.place + 1])
        return state[part], value[part], arc[part]


class _Candidate(NamedTuple):
    """An entry of the queue; of two, score and words decide, and no two have the same words.

    Attributes:
      cost: negative score of the best path that begins with `words`, or that ends there.
      end: the state in which the path ends, -1 for a prefix that is still to be extended.
    """

    cost: float
    words: Words
    prefix: _Prefix
    end: int


class _Search:
    """Best-first search over the word prefixes of a lattice."""

    def __init__(self, lattice: ScoredPaths, scores: npt.NDArray[np.float64], final: npt.NDArray[np.float64]) -> None:
        from fsaasr.lattice.kernels import max_forward_backward

        _, beta = max_forward_backward(lattice.source, lattice.target, scores, final)
        if beta[0] == -np.inf:
            raise LatticeError(f"nbest: the lattice of {lattice.utterance!r} has no path to a final state")
        self.source, self.word = lattice.source, lattice.output_label
        offsets = np.searchsorted(lattice.source, np.arange(lattice.num_states + 1))
        self.tables = (offsets, lattice.target, lattice.output_label, scores, final, beta)
        self.best = float(beta[0])

    def best_first(self) -> Iterator[_Candidate]:
        """Every word sequence with its best ending, in order of score."""
        from fsaasr.lattice.nbest_kernels import extend_prefix

        alpha = np.full(len(self.tables[-1]), -np.inf)
        back = np.empty(len(alpha), dtype=np.int32)
        queue = [_Candidate(-self.best, (), _Prefix(), -1)]
        while queue:
            candidate = heappop(queue)
            _, words, prefix, end = candidate
            if end >= 0:
                yield candidate
                continue
            (score, end), prefix.met, prefix.following = extend_prefix(self.tables, prefix.seeds(), alpha, back)
            if end >= 0:
                heappush(queue, _Candidate(-score, words, prefix, end))
            labels, promise = prefix.following[:2]
            for place, (label, best) in enumerate(zip(labels.tolist(), promise.tolist())):
                heappush(queue, _Candidate(-best, (*words, label), _Prefix(prefix, place), -1))

    def arcs(self, last: _Prefix, state: int) -> npt.NDArray[np.int32]:
        """Arcs of the best path of the words of `last` that ends in `state`."""
        from fsaasr.lattice.nbest_kernels import trace_prefix

        parts: List[npt.NDArray[np.int32]] = []
        prefix: Optional[_Prefix] = last
        while prefix is not None and prefix.met is not None:
            parts.append(trace_prefix(*prefix.met, self.source, self.word, state))
            if len(parts[-1]):
                state = int(self.source[parts[-1][-1]])
            prefix = prefix.parent
        return np.concatenate(parts)[::-1]
