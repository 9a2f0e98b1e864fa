"""`word_lattice`: one path for each word sequence, its best one, as a lattice of words with exactly their frames."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.formats.assemble import arrange
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.prune import prune
from fsaasr.lattice.scored_paths import BUDGET_SPENT
from fsaasr.lattice.scoring import scaled_scores
from fsaasr.lattice.word_lattice import WordLattice, places
from fsaasr.lattice.words.boundaries import word_boundaries
from fsaasr.lattice.words.frame_scores import frame_scores

if TYPE_CHECKING:
    from fsaasr.lattice.words.determinize_kernels import Determinized
    from fsaasr.lattice.words.string_kernels import Strings
    from fsaasr.lattice.words.word_arc_kernels import Nodes, Source, WordArcs

MAX_WORD_ARCS = 200_000
"""Arcs that a word lattice may have by default."""
GROWTH = 4
"""By which tables that were too small are enlarged."""


def word_lattice(
    lattice: Lattice,
    beam: Optional[float] = None,
    acoustic_scale: float = 1.0,
    lm_scale: float = 1.0,
    max_arcs: int = MAX_WORD_ARCS,
) -> WordLattice:
    """The word sequences of a lattice, each with its best path: score, times and alignment.

    Determinization in the semiring of best scores, where scores are compared under the scales, split scores are kept,
    and strings of frames decide which states are equal (Povey et al. 2012, "Generating exact lattices in the WFST
    framework"). Labels are moved to the first frames of their words before, and arcs are cut where words begin and
    end after it.

    Acoustic scores are those of the arcs' frames wherever a frame's column tells its score, as in every lattice of a
    search; graph scores stand on the word during which they fell due, which may be a few frames off where the
    boundary between two words depends on what follows. Sums along paths are exact.

    Args:
      lattice: what a search kept.
      beam: >= 0; word sequences whose best path is within so much of the best of all are in the result. Others may
        be. None for all of the lattice.
      acoustic_scale, lm_scale: scales under which the best path of a word sequence is chosen, >= 0.
      max_arcs: budget, which bounds time and memory, too. Sequences are looked into best first; where the budget does
        not do for all of them, the result holds the best ones and says BUDGET_SPENT in its `flags`.

    Raises:
      LatticeError: a negative beam or scale, no final state, or a budget too small for the best path.
    """
    if beam is not None and not beam >= 0:
        raise LatticeError(f"word_lattice: the beam is {beam}, expected a number >= 0, or None for all")
    beam = math.inf if beam is None else float(beam)
    if beam < math.inf:
        lattice = prune(lattice, beam, acoustic_scale, lm_scale)
    return _Determinizer(lattice, (acoustic_scale, lm_scale)).words(beam, max_arcs)


class _Determinizer:
    """One lattice on its way to words."""

    def __init__(self, lattice: Lattice, scales: Tuple[float, float]) -> None:
        from fsaasr.lattice.kernels import max_forward_backward
        from fsaasr.lattice.words.closure_kernels import LatticeTables

        self.lattice, self.bounds, self.frame_scores = lattice, word_boundaries(lattice), frame_scores(lattice)
        arc, state, is_end = self.bounds.arc, self.bounds.state, self.bounds.is_end
        scores, final = scaled_scores(lattice, *scales, 0.0)
        scores, final = scores[arc], np.where(is_end, final[state], -np.inf)
        _, beta = max_forward_backward(self.bounds.source, self.bounds.target, scores, final)
        if beta[0] == -np.inf:
            raise LatticeError(f"word_lattice: the lattice of {lattice.utterance!r} has no path to a final state")
        stop = final.copy()
        words = self.bounds.label > 0
        np.maximum.at(stop, self.bounds.source[words], (scores + beta[self.bounds.target])[words])
        self.tables = LatticeTables(
            np.searchsorted(self.bounds.source, np.arange(len(state) + 1)),
            self.bounds.target,
            self.bounds.label,
            self._symbols(),
            lattice.acoustic_score[arc].astype(np.float64),
            lattice.graph_score[arc].astype(np.float64),
            np.array(scales),
            scores,
            scores + beta[self.bounds.target],
            np.where(is_end, lattice.final_score[state], -np.inf).astype(np.float64),
            beta,
            stop,
        )

    def _symbols(self) -> npt.NDArray[np.int32]:
        """Of each arc `1 + 8 * column + flags`, 0 without frame."""
        inputs = self.lattice.input_label[self.bounds.arc]
        symbols = np.where(inputs > 0, 8 * inputs - 7, 0)
        if self.lattice.arc_flags is not None:
            symbols += np.where(inputs > 0, self.lattice.arc_flags[self.bounds.arc], 0)
        return symbols.astype(np.int32)

    def words(self, beam: float, max_arcs: int) -> WordLattice:
        """The word lattice; tables grow where they do not suffice, up to what the budget may need."""
        from fsaasr.lattice.words import determinize_kernels as kernels

        room, most, budget = 1024 + self.lattice.num_arcs // 2, 1024 + 2 * max_arcs, max_arcs
        while True:
            status, det, strings, scratch = self._determinize(beam, budget, min(room, most))
            if status == kernels.BUDGET_SPENT and not kernels.has_best_path(self.tables, det):
                raise LatticeError(
                    f"word_lattice: max_arcs={max_arcs} do not suffice for the best path of utterance "
                    f"{self.lattice.utterance!r}; raise the budget"
                )
            cut = None if status == kernels.NO_ROOM else self._cut(det, strings, scratch, max_arcs)
            if cut is not None:
                flags = (BUDGET_SPENT,) if status == kernels.BUDGET_SPENT else ()
                return self._word_lattice(*cut, flags)
            if room < most and (status == kernels.NO_ROOM or strings.state[1] != 0):
                room *= GROWTH
            else:
                budget = int(det.counts[1]) // 2

    def _determinize(
        self, beam: float, max_arcs: int, room: int
    ) -> Tuple[int, Determinized, Strings, npt.NDArray[np.int32]]:
        """Status, result, its strings, and room for the symbols of a path; tables for so many arcs, and more else."""
        from fsaasr.lattice.words.closure_kernels import new_entries, new_scratch
        from fsaasr.lattice.words.determinize_kernels import determinize, new_determinized
        from fsaasr.lattice.words.string_kernels import new_strings

        # A path has no more symbols than frames and words, and a word takes it to another state.
        longest = self.lattice.num_frames + len(self.bounds.state) + 2
        strings, entries = new_strings(8 * room, longest), new_entries(8 * room)
        det, way = new_determinized(room), new_scratch(len(self.bounds.state), longest)
        status = determinize(self.tables, self.bounds.source, beam, max_arcs, strings, entries, det, way)
        return status, det, strings, way.symbols

    def _cut(
        self, det: Determinized, strings: Strings, scratch: npt.NDArray[np.int32], max_arcs: int
    ) -> Optional[Tuple[Nodes, WordArcs]]:
        """Words with exactly their frames; None where they are too many arcs, or there is no room for their strings."""
        from fsaasr.lattice.words.word_arc_kernels import cut_words, new_nodes, new_word_arcs

        source, size = self._source(det), int(det.counts.sum())
        room = 64 + 4 * size
        while strings.state[1] == 0:
            arcs = min(room, max_arcs)
            nodes, out = new_nodes(2 * arcs + size), new_word_arcs(arcs, 16 * room)
            if cut_words(source, nodes, out, strings, scratch):
                return nodes, out
            if arcs == max_arcs and (out.count[0] == arcs or nodes.counts.max() == len(nodes.frame)):
                return None
            room *= GROWTH
        return None

    def _source(self, det: Determinized) -> Source:
        """The determinized lattice, its arcs grouped by state; without acoustic scores where frames tell them."""
        from fsaasr.lattice.words.word_arc_kernels import Source

        states, arcs = det.counts.tolist()
        order = np.argsort(det.arcs[:arcs, 0], kind="stable")
        asked = np.array([self.frame_scores is None, True], dtype=np.float64)
        return Source(
            np.searchsorted(det.arcs[order, 0], np.arange(states + 1)),
            det.arcs[order, 1:],
            det.scores[order] * asked,
            det.ends[:states] * np.append(asked, 1.0),
            det.end_string,
            det.decided,
            self.lattice.column_token == 0,
            self.bounds.has_flags,
        )

    def _word_lattice(self, nodes: Nodes, out: WordArcs, flags: Tuple[str, ...]) -> WordLattice:
        lattice, arcs, states = self.lattice, int(out.count[0]), int(nodes.counts[1])
        frame, final, offsets = nodes.frame[:states], nodes.final[:states], out.offsets[: arcs + 1]
        order = arrange(out.arcs[:arcs, 0], out.arcs[:arcs, 1], 0, final > -np.inf, lattice.utterance)
        symbols = out.symbols[places(offsets[order.arcs], offsets[order.arcs + 1])] - 1
        acoustic, graph = out.scores[order.arcs].T
        if self.frame_scores is not None:
            acoustic = self.frame_scores.of_arcs(
                frame[out.arcs[order.arcs, 0]], np.diff(offsets)[order.arcs], symbols >> 3
            )
        return WordLattice(
            lattice.utterance,
            order.source,
            order.target,
            out.arcs[order.arcs, 2],
            acoustic.astype(np.float32),
            graph.astype(np.float32),
            frame[order.states],
            final[order.states].astype(np.float32),
            lattice.num_frames,
            lattice.frame_shift,
            lattice.words,
            lattice.tokens,
            lattice.column_token,
            symbols >> 3,
            (symbols & 7).astype(np.uint8) if self.bounds.has_flags else None,
            reached_final=lattice.reached_final,
            flags=lattice.flags + flags,
            evidence=lattice.evidence,
        )
