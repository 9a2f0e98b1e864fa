"""Rescoring of word lattices with language models of any kind, asked in batches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import DefaultDict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.rescoring.lm_replacement import (
    REPLACE,
    Expansion,
    Mixing,
    Staying,
    expanded,
    staying,
    warn_of_double_count,
)
from fsaasr.lattice.rescoring.ngram_rescoring import NO_BEAM, Limits
from fsaasr.lattice.rescoring.word_lm import Histories, WordLm
from fsaasr.lattice.word_lattice import WordLattice

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


def rescore_lattice(
    lattice: WordLattice,
    lm: WordLm,
    history: Optional[int] = None,
    mixing: Mixing = REPLACE,
    limits: Limits = NO_BEAM,
) -> WordLattice:
    """Gives a lattice the scores of a language model that is asked for one word after another.

    States are expanded by what was said before, from depth to depth (arcs from the start): all words that may follow at
    one depth are asked for in one batch, and no word is asked for twice behind the same words.

    Args:
      lattice: with known `parts`, whose `lm` is what is replaced: `rescore_ngram` and `split_graph_scores` know them.
      lm: the model.
      history: number of last words by which the states of the lattice are told apart; of the histories that then fall
        together, the one of the best path so far stands for all. None tells all apart: exact, and as large as
        the tree of the lattice's paths.
      mixing: weight of the model beside the old one. `linear` takes `parts.lm` for the old one's log probabilities,
        word by word, as `rescore_ngram` makes them.
      limits: a beam drops histories whose best score so far is further than it below the best one of the same
        lattice state.

    Returns:
      As `rescore_ngram`.

    Raises:
      LatticeError: the old LM's part is not known; `max_arcs` is exceeded; no path has a probability; the model's
        answer is malformed.
    """
    if history is not None and history < 0:
        raise LatticeError(f"rescore_lattice: history is {history}, expected a number of words >= 0, or None")
    stays = _what_stays(lattice, mixing)
    return _Expander(lattice, stays, Histories(lm, lattice.words, history), mixing, limits).lattice()


def _what_stays(lattice: WordLattice, mixing: Mixing) -> Staying:
    if mixing.on_top:
        warn_of_double_count(lattice, "rescore_lattice")
        return staying(lattice, 1.0)
    if lattice.parts is None:
        raise LatticeError(
            f"rescore_lattice: utterance {lattice.utterance!r}: which part of the graph scores is the old LM's is not "
            "known; put exact LM scores in with `rescore_ngram`, split the graph scores with `split_graph_scores`, or, "
            "if the graph had no LM, use Mixing(on_top=True)"
        )
    return staying(lattice, 0.0 if mixing.linear else 1.0 - mixing.weight)


@dataclass(frozen=True, eq=False)
class _Ways:
    """Ways from expanded states along arcs; (M,) each.

    Attributes:
      source: expanded state. arc: the lattice's. lm: score of the LM. history: of words behind the arc.
      score: best from the start.
    """

    source: Int64
    arc: Int64
    lm: Float64
    history: Int64
    score: Float64

    def take(self, which: npt.NDArray[np.generic]) -> _Ways:
        return _Ways(*(values[which] for values in (self.source, self.arc, self.lm, self.history, self.score)))


class _Expander:
    """A lattice that grows, depth by depth."""

    def __init__(
        self, lattice: WordLattice, stays: Staying, histories: Histories, mixing: Mixing, limits: Limits
    ) -> None:
        from fsaasr.lattice.kernels import depths

        self.before, self.stays, self.histories, self.mixing, self.limits = lattice, stays, histories, mixing, limits
        self.base = limits.acoustic_scale * lattice.acoustic_score.astype(np.float64)
        self.base += limits.lm_scale * self.stays.graph
        self.depth = depths(lattice.source, lattice.target, lattice.num_states)
        self.offsets = lattice.arc_offsets
        self.state: List[Int64] = [np.zeros(1, dtype=np.int64)]
        self.history: List[Int64] = [np.zeros(1, dtype=np.int64)]
        self.arcs: List[Tuple[_Ways, Int64]] = []
        self.num_states, self.num_arcs = 1, 0

    def lattice(self) -> WordLattice:
        """The lattice with new scores."""
        waiting: DefaultDict[int, List[_Ways]] = defaultdict(list)
        self._send(self._onward(0, self.state[0], self.history[0], np.zeros(1)), waiting)
        for depth in range(1, int(self.depth.max()) + 1):
            ways = _joined(waiting.pop(depth, []))
            if len(ways.arc):
                first = self.num_states
                self._send(self._onward(first, *self._arrive(ways)), waiting)
        return self._collected()

    def _collected(self) -> WordLattice:
        """What has grown, as a lattice: new states have come by depth, and must stand in the order of the old ones."""
        state, history = np.concatenate(self.state), np.concatenate(self.history)
        order = np.argsort(state, kind="stable")
        number = np.empty(len(order), dtype=np.int32)
        number[order] = np.arange(len(order))
        ways = _joined([ways for ways, _ in self.arcs])
        target = np.concatenate([to for _, to in self.arcs]) if self.arcs else order[:0]
        parts = self.stays.parts.take(ways.arc)
        parts = replace(parts, lm=(parts.lm + ways.lm).astype(np.float32))
        shape = Expansion(state[order].astype(np.int32), number[ways.source], number[target], ways.arc.astype(np.int32))
        return expanded(self.before, shape, parts, self._final(state[order], history[order]))

    def _onward(self, first: int, state: Int64, history: Int64, alpha: Float64) -> _Ways:
        """All ways on from new states, `first` ..; the words that are asked for make one batch."""
        begin, count = self.offsets[state], self.offsets[state + 1] - self.offsets[state]
        self.num_arcs += int(count.sum())
        if self.num_arcs > self.limits.max_arcs:
            raise LatticeError(
                f"rescore_lattice: utterance {self.before.utterance!r}: {self.before.num_arcs} arcs became more than "
                f"{self.limits.max_arcs} (max_arcs); tell fewer words apart (history), give a beam or prune the lattice"
            )
        source = np.repeat(np.arange(len(state)), count)
        arc = np.arange(len(source)) + np.repeat(begin - (np.cumsum(count) - count), count)
        label, behind, lm = self.before.output_label[arc], history[source], np.zeros(len(arc))
        said = label > 0
        behind[said] = self.histories.extend(behind[said], label[said])
        lm[said] = self._mixed(self.histories.log_prob[behind[said]], arc[said])
        score = alpha[source] + self.base[arc] + self.limits.lm_scale * lm
        return _Ways(first + source, arc, lm, behind, score).take(lm > -np.inf)

    def _mixed(self, new: Float64, arc: Int64) -> Float64:
        if self.mixing.linear and self.before.parts is not None:
            return self.mixing.mixed(new, self.before.parts.lm[arc].astype(np.float64))
        return self.mixing.weight * new

    def _send(self, ways: _Ways, waiting: DefaultDict[int, List[_Ways]]) -> None:
        """Lets ways wait for the depth at which they arrive."""
        depth = self.depth[self.before.target[ways.arc]]
        for there in np.unique(depth).tolist():
            waiting[there].append(ways.take(depth == there))

    def _arrive(self, ways: _Ways) -> Tuple[Int64, Int64, Float64]:
        """Makes the states to which ways lead: lattice state, history and best score of each."""
        target = self.before.target[ways.arc].astype(np.int64)
        keys = target * (self.histories.key.max() + 1) + self.histories.key[ways.history]
        # The best way of each state comes first.
        order = np.lexsort((-ways.score, keys))
        _, first, group = np.unique(keys[order], return_index=True, return_inverse=True)
        best = order[first]
        kept = np.ones(len(best), dtype=bool)
        if self.limits.beam is not None:
            states, place = np.unique(target[best], return_inverse=True)
            most = np.full(len(states), -np.inf)
            np.maximum.at(most, place, ways.score[best])
            kept = ways.score[best] >= most[place] - self.limits.beam
        number = np.where(kept, self.num_states + np.cumsum(kept) - 1, -1)[group]
        self.arcs.append((ways.take(order[number >= 0]), number[number >= 0]))
        best = best[kept]
        self.state.append(target[best])
        self.history.append(ways.history[best])
        self.num_states += len(best)
        return target[best], ways.history[best], ways.score[best]

    def _final(self, state: Int64, history: Int64) -> Float64:
        """The model has no part in ends that are not those of a sentence."""
        if not self.before.reached_final:
            return self.before.final_score[state].astype(np.float64)
        final = self.stays.final[state].copy()
        ends = ~np.isneginf(final)
        lm = self.histories.final(history[ends])
        if self.mixing.linear:
            final[ends] = self.mixing.mixed(lm, self.before.final_score[state[ends]].astype(np.float64))
        else:
            final[ends] += self.mixing.weight * lm
        return final


def _joined(parts: List[_Ways]) -> _Ways:
    places, scores = np.zeros(0, dtype=np.int64), np.zeros(0)
    every = [_Ways(places, places, scores, places, scores), *parts]
    columns = zip(*((ways.source, ways.arc, ways.lm, ways.history, ways.score) for ways in every))
    return _Ways(*(np.concatenate(column) for column in columns))
