"""Random toy graphs and score matrices from a seeded generator, and the wrapping of bare arrays as a graph."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from fsaasr.core.symbols import BLANK, SymbolTable
from fsaasr.graph.decoding_graph import TOKEN_START, DecodingGraph
from fsaasr.graph.fst_arrays import FstArrays


def toy_graph(
    fst: FstArrays,
    num_columns: int = 3,
    num_words: Optional[int] = None,
    arc_flags: Optional[npt.NDArray[np.uint8]] = None,
) -> DecodingGraph:
    """Wraps arrays as a graph: columns `<blk> a b ...`, words `w1 w2 ...`.

    Args:
      fst: the arrays.
      num_columns: C; column 0 is blank, every other column a token of its own.
      num_words: words of the table; by default as many as the output labels need.
      arc_flags: as in DecodingGraph.
    """
    if num_words is None:
        num_words = int(fst.output_label.max(initial=0))
    letters = [chr(ord("a") + c) if c < 26 else f"t{c}" for c in range(num_columns - 1)]
    return DecodingGraph(
        fst,
        SymbolTable([f"w{label}" for label in range(1, num_words + 1)]),
        SymbolTable(letters),
        np.arange(num_columns, dtype=np.int32),
        (BLANK, *letters),
        arc_flags,
        "toy",
    )


def random_fst(
    rng: np.random.Generator,
    num_states: int = 5,
    num_arcs: int = 10,
    num_columns: int = 3,
    epsilon: float = 0.25,
) -> FstArrays:
    """A random transducer: input epsilons without cycles, output epsilons, several finals, some dead ends.

    Args:
      rng: generator; the result depends on nothing else.
      num_states, num_arcs: S >= 1 and A >= 0.
      num_columns: C; input labels are 0 .. C.
      epsilon: probability that an arc has input label 0.

    Returns:
      Arrays whose scores are multiples of 0.25, exact in float32.
    """
    order = rng.permutation(num_states)
    source = rng.integers(num_states, size=num_arcs)
    target = rng.integers(num_states, size=num_arcs)
    label = np.where(rng.random(num_arcs) < epsilon, 0, rng.integers(1, num_columns + 1, size=num_arcs))
    # An epsilon arc goes upwards in a random order of the states, so that no cycle can form.
    swap = (label == 0) & (order[source] > order[target])
    source, target = np.where(swap, target, source), np.where(swap, source, target)
    label = np.where((label == 0) & (source == target), 1, label)
    score = -0.25 * rng.integers(0, 20, size=num_arcs)
    final = np.where(rng.random(num_states) < 0.5, -0.25 * rng.integers(0, 8, size=num_states), -np.inf)
    final[rng.integers(num_states)] = 0.0
    words = rng.integers(0, 3, size=num_arcs)
    return FstArrays.from_columns(source, target, label, words, score, final, int(rng.integers(num_states)))


def random_matrix(rng: np.random.Generator, frames: int, num_columns: int = 3) -> npt.NDArray[np.float32]:
    """(T, C) float32 scores, multiples of 0.25 in -5 .. 0."""
    return (-0.25 * rng.integers(0, 21, size=(frames, num_columns))).astype(np.float32)


def linear_ctc_fst(columns: list[int]) -> FstArrays:
    """The standard CTC graph of one label sequence, written by hand from its definition (Graves et al. 2006).

    States are the last symbol of the extended sequence `blank l1 blank l2 ... blank`; a blank between two
    different labels may be jumped over. Token starts are flagged by `linear_ctc_flags`.
    """
    extended = [0]
    for column in columns:
        extended += [column, 0]
    arcs = []
    for here, column in enumerate(extended):
        arcs.append((here + 1, here + 1, column + 1, 0, 0.0))
    for here in range(-1, len(extended)):
        for there in (here + 1, here + 2):
            if there >= len(extended):
                continue
            jumps = there == here + 2
            if jumps and here >= 0 and (extended[there] == 0 or extended[there] == extended[here]):
                continue
            arcs.append((here + 1, there + 1, extended[there] + 1, 0, 0.0))
    finals = [(len(extended), 0.0)] + ([(len(extended) - 1, 0.0)] if columns else [])
    return FstArrays.from_arcs(arcs, finals)


def linear_ctc_flags(fst: FstArrays) -> npt.NDArray[np.uint8]:
    """TOKEN_START on every arc of a label that is not a self-loop."""
    starts = (fst.input_label > 1) & (fst.source_state != fst.next_state)
    return np.where(starts, TOKEN_START, 0).astype(np.uint8)
