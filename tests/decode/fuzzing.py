"""What a search owes to the referee, as lists of differences, so that a fuzzer can name the seed."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest

from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions
from fsaasr.lattice import SEARCH_DIED, prune
from fsaasr.testing import best_score_of

SHIFT = 0.01
WIDE = 1e6
FIRST = int(os.environ.get("FSAASR_FUZZ_SEED", "0"))
BLOCK = 250


def blocks(quick, slow):
    """First seeds of `quick` blocks, and up to `slow` more for the long run."""
    return [
        pytest.param(FIRST + BLOCK * n, marks=[] if n < quick else [pytest.mark.slow], id=f"from-{FIRST + BLOCK * n}")
        for n in range(slow)
    ]


def as_scores(case):
    return Scores.from_matrices([case.matrix], SHIFT, ids=[f"seed{case.seed}"])


def tolerance(case):
    """Sums of multiples of 0.25 are exact in any order."""
    return 0.0 if case.exact else 1e-3


def open_beams(engine, lattice_beam):
    """Nothing is cut but by the lattice beam."""
    return SearchOptions(engine, search_beam=WIDE, lattice_beam=lattice_beam, max_active=10**6)


def graph_states(fst, lattice):
    """Graph state of each lattice state, by the arcs that lead there; None where they disagree."""
    states = np.full(lattice.num_states, -1)
    states[0] = fst.start
    states[lattice.target] = fst.next_state[lattice.graph_arc]
    sources = np.repeat(np.arange(fst.num_states), np.diff(fst.arc_offsets))[lattice.graph_arc]
    agree = np.array_equal(states[lattice.target], fst.next_state[lattice.graph_arc])
    return states if agree and np.array_equal(states[lattice.source], sources) else None


def arc_differences(case, trellis, lattice):
    """An arc is there exactly if the best path through it is within the lattice beam."""
    found = set(zip(lattice.arc_frame.tolist(), lattice.graph_arc.tolist()))
    slack = tolerance(case)
    must, may = trellis.arcs_within(case.lattice_beam - slack), trellis.arcs_within(case.lattice_beam + slack)
    differences = [f"arc {arc} is missing" for arc in sorted(must - found)]
    differences += [f"arc {arc} is beyond the beam" for arc in sorted(found - may)]
    if len(found) < lattice.num_arcs:
        differences.append("an arc is there twice")
    return differences


def end_differences(case, trellis, lattice):
    """Paths end where they may, with the score that they should."""
    states = graph_states(case.graph.fst, lattice)
    if states is None:
        return ["lattice states are not pairs of frame and graph state"]
    finals = np.flatnonzero(lattice.final_score > -math.inf)
    found = {int(states[s]): float(lattice.final_score[s]) for s in finals}
    slack = tolerance(case)
    must, may = trellis.ends_within(case.lattice_beam - slack), trellis.ends_within(case.lattice_beam + slack)
    within = must.items() <= found.items() <= may.items()
    return [] if within else [f"ends {found}, expected {may}"]


def arc_score_differences(case, lattice):
    """Arcs carry what graph and matrix say."""
    fst, arc = case.graph.fst, lattice.graph_arc
    differences = [
        f"{name} is not the graph's"
        for name, theirs in (("input_label", fst.input_label), ("output_label", fst.output_label))
        if not np.array_equal(getattr(lattice, name), theirs[arc])
    ]
    acoustic = np.zeros(len(arc))
    emits = fst.input_label[arc] > 0
    acoustic[emits] = case.matrix[lattice.arc_frame[emits], fst.input_label[arc[emits]] - 1]
    if not np.allclose(lattice.acoustic_score, acoustic, atol=1e-5):
        differences.append("acoustic scores are not the matrix's")
    if not np.allclose(lattice.graph_score, fst.score[arc], atol=1e-5):
        differences.append("graph scores are not the graph's")
    return differences


def fate_differences(case, trellis, lattice):
    """Whether paths are complete, and whether the search died, is said."""
    differences = []
    if lattice.reached_final != trellis.reached_final:
        differences.append(f"reached_final is {lattice.reached_final}")
    if (SEARCH_DIED in lattice.flags) != (trellis.reached < len(case.matrix)):
        differences.append(f"flags are {lattice.flags}, paths reach frame {trellis.reached} of {len(case.matrix)}")
    if lattice.state_frame.max() != trellis.reached:
        differences.append(f"the lattice ends at frame {lattice.state_frame.max()}, expected {trellis.reached}")
    return differences


def close(case, found, expected):
    return found == expected or abs(found - expected) <= max(tolerance(case), 1e-9)


def hypothesis_differences(case, trellis, hypothesis):
    """The hypothesis has the best score, and there is a path of this score with its columns and words."""
    differences = []
    if not close(case, hypothesis.score, trellis.best):
        differences.append(f"best score {hypothesis.score}, expected {trellis.best}")
    words = [case.graph.words.names.index(word.name) for word in hypothesis.words]
    score = best_score_of(case.graph.fst, case.matrix, hypothesis.columns, words, trellis.end_score)
    if not close(case, score, trellis.best):
        differences.append(f"columns {hypothesis.columns} and words {words} score {score}, expected {trellis.best}")
    end = trellis.reached * SHIFT + 1e-9
    if not all(0 <= word.start <= word.end <= end for word in hypothesis.words):
        differences.append(f"word times {hypothesis.words} outside of the {trellis.reached} frames")
    if hypothesis.reached_final != trellis.reached_final:
        differences.append(f"the hypothesis has reached_final {hypothesis.reached_final}")
    return differences


def lattice_differences(case, trellis, lattice):
    """All of the above, and the invariants of lattices."""
    lattice.check()
    return [
        *fate_differences(case, trellis, lattice),
        *arc_differences(case, trellis, lattice),
        *end_differences(case, trellis, lattice),
        *arc_score_differences(case, lattice),
        *hypothesis_differences(case, trellis, lattice.best_path()),
    ]


def total_differences(case, trellis, lattice):
    """The lattice of an open beam holds all paths."""
    total = lattice.total_score()
    if abs(total - trellis.total) <= 1e-6 + tolerance(case) and total >= lattice.best_path().score - 1e-6:
        return []
    return [f"total {total}, expected {trellis.total}"]


def narrow_differences(case, trellis, lattice):
    """A pruned search gives true paths only, none better than the best, cut exactly by the lattice beam."""
    lattice.check()
    differences = arc_score_differences(case, lattice)
    if prune(lattice, case.lattice_beam + 1e-3).num_arcs != lattice.num_arcs:
        differences.append("the lattice holds what is beyond its beam")
    if lattice.reached_final and not trellis.reached_final:
        differences.append("complete paths where there are none")
    best = lattice.best_path()
    words = [case.graph.words.names.index(word.name) for word in best.words]
    end_score = trellis.end_score if lattice.reached_final else np.zeros(case.graph.fst.num_states)
    score = best_score_of(case.graph.fst, case.matrix, best.columns, words, end_score)
    if score < best.score - max(tolerance(case), 1e-9):
        differences.append(f"columns {best.columns} and words {words} score {score}, not {best.score}")
    if lattice.reached_final and best.score > trellis.best + max(tolerance(case), 1e-9):
        differences.append(f"best score {best.score}, but the best path's is {trellis.best}")
    return differences
