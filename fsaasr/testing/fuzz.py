"""Seeded toy searches with everything in them that a search may stumble over."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from fsaasr.graph.decoding_graph import NON_WORD, TOKEN_START, WORD_START, DecodingGraph
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.testing.random_graphs import toy_graph

NUM_WORDS = 3


@dataclass(frozen=True, eq=False)
class FuzzCase:
    """A graph, scores (T, C) float32, and a lattice beam; `exact` if all scores are multiples of 0.25."""

    seed: int
    graph: DecodingGraph
    matrix: npt.NDArray[np.float32]
    lattice_beam: float
    exact: bool


def fuzz_case(seed: int) -> FuzzCase:
    """The case of a seed; it depends on nothing else.

    Graphs have input epsilons (no cycle of them), output labels anywhere, self-loops, parallel arcs, dead ends,
    parts out of reach, several final states or one out of reach, arcs of positive score and of -inf, and score
    matrices with entries, and now and then whole frames, of -inf. One in eight is ten times larger.
    """
    rng = np.random.default_rng([seed, 1803])
    size = 10 if rng.random() < 0.125 else 1
    num_columns = int(rng.integers(1, 5))
    exact = bool(rng.random() < 0.75)
    fst = _fst(rng, size, num_columns, exact)
    frames = int(rng.integers(1, 5 + 2 * size))
    matrix = _scores(rng, (frames, num_columns), 0.0, float(rng.choice([0.0, 0.0, 0.0, 0.1, 0.3])), exact)
    if rng.random() < 0.03:
        matrix[rng.integers(frames)] = -math.inf
    beam = float(rng.choice([0.0, 0.25, 1.0, 3.0, 8.0, math.inf]))
    return FuzzCase(
        seed, toy_graph(fst, num_columns, NUM_WORDS, _flags(rng, fst)), matrix.astype(np.float32), beam, exact
    )


def _scores(
    rng: np.random.Generator, shape: tuple[int, ...], high: float, impossible: float, exact: bool
) -> npt.NDArray[np.float64]:
    """Scores in -4 .. `high`, a share `impossible` of them -inf; multiples of 0.25 where `exact`."""
    scores = rng.uniform(-4.0, high, size=shape)
    if exact:
        scores = np.round(4 * scores) / 4
    return np.where(rng.random(shape) < impossible, -math.inf, scores).astype(np.float32).astype(np.float64)


def _fst(rng: np.random.Generator, size: int, num_columns: int, exact: bool) -> FstArrays:
    states = int(rng.integers(1, 6 * size + 1))
    source = rng.integers(states, size=int(rng.integers(0, 3 * states + 2)))
    if rng.random() < 0.6:  # every state gets a way on, so that paths live longer
        source = np.concatenate([source, np.arange(states)])
    if len(source) and rng.random() < 0.5:  # some states get many arcs
        source = np.concatenate([source, rng.choice(source, size=len(source) // 2)])
    arcs = len(source)
    target = rng.integers(states, size=arcs)
    twins = rng.random(arcs) < 0.2
    first_of = np.array([np.flatnonzero(source == s)[0] for s in source], dtype=np.int64)
    target = np.where(twins, target[first_of], target)
    label = rng.integers(1, num_columns + 1, size=arcs)
    label[rng.random(arcs) < rng.choice([0.0, 0.2, 0.2, 0.5])] = 0
    # Epsilon arcs go upwards in a random order of the states, so that no cycle can form.
    order = rng.permutation(states)
    swap = (label == 0) & (order[source] > order[target])
    source, target = np.where(swap, target, source), np.where(swap, source, target)
    label = np.where((label == 0) & (source == target), 1, label)
    words = np.where(rng.random(arcs) < 0.5, 0, rng.integers(0, NUM_WORDS + 1, size=arcs))
    high, impossible = float(rng.choice([0.0, 0.0, 1.0, 3.0])), float(rng.choice([0.0, 0.0, 0.1]))
    final = _scores(rng, (states,), high, float(rng.choice([0.0, 0.5, 0.8])), exact)
    final[rng.integers(states)] = 0.0
    score = _scores(rng, (arcs,), high, impossible, exact)
    return FstArrays.from_columns(source, target, label, words, score, final, int(rng.integers(states)))


def _flags(rng: np.random.Generator, fst: FstArrays) -> Optional[npt.NDArray[np.uint8]]:
    """Starts of tokens and words on arcs of tokens, or none at all, as foreign graphs have it."""
    if rng.random() < 0.5:
        return None
    kinds = np.array([0, TOKEN_START, TOKEN_START | WORD_START, TOKEN_START | NON_WORD], dtype=np.uint8)
    return np.where(fst.input_label > 1, rng.choice(kinds, size=fst.num_arcs), 0).astype(np.uint8)
