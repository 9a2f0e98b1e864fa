"""What becomes of the scores of a word lattice when a language model takes the place of another."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.word_lattice import GraphParts, WordLattice

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]


class DoubleCountWarning(UserWarning):
    """A language model's scores are added to scores that seem to hold a language model's already."""


@dataclass(frozen=True)
class Mixing:
    """How the scores of the new LM and of the old one make those of the result.

    Attributes:
      weight: of the new LM, in (0, 1]; the old one has the rest, so that 1 replaces it. With `on_top`, any > 0.
      linear: mix probabilities, word by word: log(weight * new + (1 - weight) * old); else log probabilities.
      on_top: add `weight` times the new LM's scores to what stands, and remove nothing: for lattices of graphs without
        LM. On others the language would be counted twice, of which a DoubleCountWarning tells.

    Raises:
      LatticeError: a weight out of range.
    """

    weight: float = 1.0
    linear: bool = False
    on_top: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.weight < math.inf or (self.weight > 1 and not self.on_top) or (self.linear and self.on_top):
            raise LatticeError(
                f"{self}: expected a weight in (0, 1], or above 0 with `on_top`, which goes without `linear`"
            )

    def mixed(self, new: Float64, old: Float64) -> Float64:
        """What both LMs' log probabilities make, word by word."""
        if self.weight == 1:
            return new
        if self.linear:
            return np.logaddexp(math.log(self.weight) + new, math.log(1 - self.weight) + old)
        return self.weight * new + (1 - self.weight) * old


REPLACE = Mixing()
"""The new LM takes the place of the old one."""


@dataclass(frozen=True, eq=False)
class Staying:
    """What stays of a lattice's graph scores when its LM goes.

    Attributes:
      parts: float32 (A,) each; `lm` is what of the old LM stays.
      final: float64 (S,): what stays of final scores; -inf where a state is not final.
    """

    parts: GraphParts
    final: Float64

    @property
    def graph(self) -> Float64:
        """float64 (A,): sum of the parts."""
        parts = self.parts
        total: Float64 = parts.lm.astype(np.float64) + parts.pronunciation + parts.silence + parts.topology
        return total


def staying(lattice: WordLattice, old_part: float) -> Staying:
    """What stays if `old_part` of the LM's scores does (0 .. 1).

    Without known parts all of the graph's scores stay, undivided, as `topology`; final scores stay whole.
    """
    score = lattice.graph_score
    none = np.zeros_like(score)
    if lattice.parts is None:
        return Staying(GraphParts(none, none, none, score), lattice.final_score.astype(np.float64))
    final = np.where(np.isneginf(lattice.final_score), -np.inf, 0.0)
    if old_part:
        final = lattice.final_score.astype(np.float64) * old_part
    lm = (lattice.parts.lm * old_part).astype(np.float32)
    return Staying(replace(lattice.parts, lm=lm), final)


def warn_of_double_count(lattice: WordLattice, function: str) -> None:
    """Warns where words have LM scores, or graph scores that may be such."""
    scores = lattice.graph_score if lattice.parts is None else lattice.parts.lm
    if scores[lattice.output_label > 0].any():
        warnings.warn(
            f"{function}: utterance {lattice.utterance!r}: the lattice's words have graph scores already; if they are "
            "those of an LM it is counted twice from now on: replace it instead of putting another on top",
            DoubleCountWarning,
            stacklevel=4,
        )


@dataclass(frozen=True, eq=False)
class Expansion:
    """A lattice made of states and arcs of another one, each any number of times.

    Attributes:
      state: int32 (S',): state behind each of the new ones, ascending; the first is the start.
      source, target: int32 (A',): new states of the new arcs, in any order. arc: int32 (A',): arc behind each.
    """

    state: Int32
    source: Int32
    target: Int32
    arc: Int32


def expanded(lattice: WordLattice, shape: Expansion, parts: GraphParts, final: Float64) -> WordLattice:
    """The lattice of an expansion, with new graph scores; times and alignments are those of the old arcs.

    Args:
      parts: float32 (A',) each. final: (S',), -inf where a state is not final.

    Raises:
      LatticeError: nothing is left: the LM gives all paths probability 0.
    """
    from fsaasr.lattice.kernels import arcs_within

    order = np.argsort(shape.source, kind="stable")
    arc, parts = shape.arc[order], parts.take(order)
    graph = Staying(parts, final).graph.astype(np.float32)
    frames = lattice.frames_of(arc)
    whole = replace(
        lattice,
        source=shape.source[order],
        target=shape.target[order],
        output_label=lattice.output_label[arc],
        acoustic_score=lattice.acoustic_score[arc],
        graph_score=graph,
        state_frame=lattice.state_frame[shape.state],
        final_score=final.astype(np.float32),
        columns=None if lattice.columns is None else lattice.columns[frames],
        column_flags=None if lattice.column_flags is None else lattice.column_flags[frames],
        parts=parts,
    )
    # What leads nowhere goes: words that no path with a final state says.
    kept, ends = arcs_within(whole.source, whole.target, np.zeros(len(arc)), final, np.inf)
    if not ends.any():
        raise LatticeError(
            f"rescoring: utterance {lattice.utterance!r}: the new LM gives every path of the lattice probability 0, so "
            "nothing is left; use an LM that smooths, or mix it with the old one"
        )
    return whole if kept.all() and (ends == ~np.isneginf(final)).all() else whole.select(kept, ends)
