"""Exact rescoring of word lattices with n-gram models."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GrammarError, LatticeError
from fsaasr.core.symbols import EPSILON
from fsaasr.grammar import NgramModel, NgramOrder, NgramStates
from fsaasr.lattice.prune import BEAM_SLACK, prune
from fsaasr.lattice.rescoring.lm_replacement import (
    REPLACE,
    Expansion,
    Mixing,
    Staying,
    expanded,
    staying,
    warn_of_double_count,
)
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.word_lattice import WordLattice

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]

NOTHING = NgramModel(("<unk>", "<s>", "</s>"), (NgramOrder(np.arange(3)[:, None], np.zeros(3), np.zeros(3)),))
"""A model to which any word is sure: what there is in place of an old LM that is not known, or not needed."""


@dataclass(frozen=True)
class Limits:
    """What a rescored lattice may hold.

    Attributes:
      beam: paths further than this below the best one under the new scores are left out; None keeps all, exactly.
      acoustic_scale, lm_scale: >= 0, what the beam measures paths with; they are not applied to the result.
      max_arcs: of the result, before what leads nowhere is dropped; more is an error.
    """

    beam: Optional[float] = None
    acoustic_scale: float = 1.0
    lm_scale: float = 1.0
    max_arcs: int = 5_000_000

    def __post_init__(self) -> None:
        scales = (self.acoustic_scale, self.lm_scale, 0.0 if self.beam is None else self.beam)
        if not all(0 <= value < math.inf for value in scales) or self.max_arcs < 1:
            raise LatticeError(f"{self}: expected a beam and scales >= 0, finite, and room for at least one arc")


NO_BEAM = Limits()
"""Everything is kept, up to the default number of arcs."""


def rescore_ngram(
    lattice: WordLattice,
    new: NgramModel,
    old: Optional[NgramModel] = None,
    mixing: Mixing = REPLACE,
    limits: Limits = NO_BEAM,
) -> WordLattice:
    """Gives a lattice the scores of another n-gram model, exactly.

    The lattice is composed on the fly with the model's automaton, whose failure transitions back off where an n-gram
    is not listed and nowhere else; states that different histories lead to become several. What goes is

    * `lattice.parts.lm`, where the parts of its graph scores are known. `old` is then needed for `linear` only;
    * else the score of `old`, word by word. What the graph scored beyond it stays: pronunciations, silence,
      transitions, and what its back-off arcs gave away, as epsilons score a word by the best of all contexts.

    Args:
      lattice: deterministic or not.
      new: model to put in.
      old: model that the lattice was made with.
      mixing: weight of the new model beside the old one.
      limits: beam and size. A beam is an approximation: it compares paths by the best way on from each lattice state
        after the best history of that state (one sweep with one history a state); a wide one keeps all.

    Returns:
      A lattice whose `parts.lm` is log p(word | words before) of the mixed LM, arc by arc, and whose final scores are
      those of `</s>`; where the lattice reached no final state, the sentence has no end to score. Times, alignment,
      other parts and flags are kept. Without known parts, `parts.topology` has all that is not the LM's
      (but on a path without arcs, whose end keeps it).

    Raises:
      LatticeError: the old LM is needed and not known; `max_arcs` is exceeded; no path has a probability.
      GrammarError: a word that a model without `<unk>` lacks, by name; a model without `<s>` or `</s>`.
    """
    stays, removes = _what_stays(lattice, old, mixing)
    needed = removes or (mixing.weight < 1 and not mixing.on_top)
    task = _Composition(lattice, new, old if old and needed else NOTHING, (mixing, removes), stays)
    rescored = task.lattice(limits)
    return rescored if limits.beam is None else prune(rescored, limits.beam, limits.acoustic_scale, limits.lm_scale)


def _what_stays(lattice: WordLattice, old: Optional[NgramModel], mixing: Mixing) -> Tuple[Staying, bool]:
    """What stays of the graph's scores, and whether the old model's scores are still in it."""
    if mixing.on_top:
        warn_of_double_count(lattice, "rescore_ngram")
        return staying(lattice, 1.0), False
    if old is None and (lattice.parts is None or mixing.linear):
        raise LatticeError(
            f"rescore_ngram: utterance {lattice.utterance!r}: the LM that the lattice was made with is needed: give it "
            "as `old`, split the graph scores with `split_graph_scores`, or, if the graph had no LM, use "
            "Mixing(on_top=True)"
        )
    return staying(lattice, 1.0 - mixing.weight if old is None else 0.0), lattice.parts is None


def word_ids(lattice: ScoredPaths, states: NgramStates) -> Int32:
    """int32 (A,): each arc's word in a model, -1 for none; raises GrammarError for words that it lacks."""
    labels, place = np.unique(lattice.output_label, return_inverse=True)
    ids = np.full(len(labels), -1, dtype=np.int32)
    try:
        ids[labels > 0] = states.ids_of(lattice.words.names_of(labels[labels > 0].tolist()))
    except GrammarError as error:
        raise GrammarError(f"rescore_ngram: utterance {lattice.utterance!r}: {error}") from error
    return ids[place]


class _Composition:
    """A lattice with two models, ready to be composed."""

    def __init__(
        self, lattice: WordLattice, new: NgramModel, old: NgramModel, how: Tuple[Mixing, bool], stays: Staying
    ) -> None:
        self.before, self.stays = lattice, stays
        self.mixing = (how[0].weight, how[0].linear, how[1])
        self.lms = (new.states.tables, old.states.tables, new.states.start, old.states.start, len(old.states))
        self.ends = (new.states.end_id, old.states.end_id)
        self.words = (word_ids(lattice, new.states), word_ids(lattice, old.states))
        self.order = np.argsort(lattice.target, kind="stable")
        self.offsets = np.searchsorted(lattice.target[self.order], np.arange(lattice.num_states + 1))

    def lattice(self, limits: Limits) -> WordLattice:
        """The lattice with new scores."""
        every = (np.zeros(self.before.num_states), -np.inf, False)
        states, arcs = self._composed(limits, every if limits.beam is None else self._pruning(limits))
        source, target, arc, lm, old = arcs
        parts, final, rest = self.stays.parts.take(arc), *self._ends(states)
        if self.before.parts is None:
            # Final scores are the LM's: what else they hold moves to the arcs before them.
            moved = np.where(np.isneginf(final), 0.0, rest)
            moved[0] = 0.0
            self._check_old(old, self.before.output_label[arc])
            topology = parts.topology - old + moved[target] - moved[source]
            parts, rest = replace(parts, topology=topology.astype(np.float32)), rest - moved
        parts = replace(parts, lm=(parts.lm + lm).astype(np.float32))
        return expanded(self.before, Expansion(states[0], source, target, arc), parts, final + rest)

    def _composed(self, limits: Limits, pruning: Tuple[Float64, float, bool]) -> Tuple[Any, Any]:
        from fsaasr.lattice.rescoring.ngram_rescoring_kernels import compose

        graph = (self.order, self.offsets, self.before.source, self._base(limits), *self.words)
        fits, states, arcs = compose(graph, self.lms, self.mixing, limits.lm_scale, pruning, limits.max_arcs)
        if not fits:
            raise LatticeError(
                f"rescore_ngram: utterance {self.before.utterance!r}: {self.before.num_arcs} arcs "
                f"became more than {limits.max_arcs} (max_arcs); give a beam, prune the lattice, or allow more"
            )
        return states, arcs

    def _base(self, limits: Limits) -> Float64:
        acoustic = self.before.acoustic_score.astype(np.float64)
        return limits.acoustic_scale * acoustic + limits.lm_scale * self.stays.graph

    def _pruning(self, limits: Limits) -> Tuple[Float64, float, bool]:
        """From each state the best way on after its best history; and the cutoff, by a path that exists."""
        from fsaasr.lattice.kernels import max_forward_backward

        size = self.before.num_states
        states, (source, target, arc, lm, old) = self._composed(limits, (np.zeros(size), -np.inf, True))
        order = np.argsort(source, kind="stable")
        score = self._base(limits)[arc] + limits.lm_scale * (lm - old)
        final = np.add(*self._ends(states))
        final = np.where(np.isneginf(final), -np.inf, limits.lm_scale * final)
        _, beta = max_forward_backward(source[order], target[order], score[order], final)
        every = np.full(size, -np.inf)
        every[states[0]] = beta
        return every, float((states[3] + final).max()) - (limits.beam or 0.0) - BEAM_SLACK, False

    def _ends(self, states: Any) -> Tuple[Float64, Float64]:
        """LM's and other part of the score of ending in each composed state; the first is -inf where there is no end.

        The LM has no part in ends that are not those of a sentence.
        """
        from fsaasr.lattice.rescoring.ngram_rescoring_kernels import endings

        stays = self.stays.final[states[0]]
        is_final = ~np.isneginf(stays)
        if not self.before.reached_final:
            return np.where(is_final, 0.0, -np.inf), np.where(is_final, self.before.final_score[states[0]], 0.0)
        lm, old = endings(self.lms, self.mixing, self.ends, states)
        old = np.where(is_final, old, 0.0)
        self._check_old(old, np.zeros(len(old), dtype=np.int32))
        return np.where(is_final, lm, -np.inf), np.where(is_final, stays, 0.0) - old

    def _check_old(self, old: Float64, label: Int32) -> None:
        """Raises LatticeError where the old LM scores -inf; label 0 stands for the sentence's end."""
        if np.isneginf(old).any():
            word = self.before.words.name(int(label[int(np.argmin(old))]))
            raise LatticeError(
                f"rescore_ngram: utterance {self.before.utterance!r}: `old` gives "
                f"{'</s>' if word == EPSILON else repr(word)} probability 0 where the lattice has it; it is not the LM "
                "that the lattice was made with"
            )
