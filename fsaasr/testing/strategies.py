"""Hypothesis strategies for toy graphs and score matrices; scores are multiples of 0.25, exact in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from fsaasr.graph.decoding_graph import TOKEN_START, WORD_START, DecodingGraph
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.testing.random_graphs import toy_graph

NUM_COLUMNS = 3
NEG_INF = -np.inf


def quarter_scores(low: float = -5.0, high: float = 1.0, impossible: bool = True) -> st.SearchStrategy[float]:
    """Multiples of 0.25 in `low` .. `high`; with `impossible`, now and then -inf."""
    finite = st.integers(int(low * 4), int(high * 4)).map(lambda quarters: quarters / 4)
    return st.one_of(finite, finite, finite, finite, st.just(NEG_INF)) if impossible else finite


@st.composite
def fsts(
    draw: Any,
    max_states: int = 5,
    max_arcs: int = 9,
    num_columns: int = NUM_COLUMNS,
    impossible: bool = True,
    alive: bool = False,
) -> FstArrays:
    """Transducers with input epsilons (no cycle of them), output epsilons, self-loops, parallel arcs and dead ends.

    At least one state is final, though perhaps out of reach; with `alive`, the start is final and loops on
    label 1, so that any number of frames has a path. With `impossible`, some arcs score -inf.
    """
    num_states = draw(st.integers(1, max_states))
    order = draw(st.permutations(range(num_states)))
    state = st.integers(0, num_states - 1)
    arcs = []
    for _ in range(draw(st.integers(0, max_arcs))):
        source, target, label = draw(state), draw(state), draw(st.integers(0, num_columns))
        if label == 0 and order[source] >= order[target]:
            source, target = target, source
            label = int(source == target)
        arcs.append((source, target, label, draw(st.integers(0, 2)), draw(quarter_scores(impossible=impossible))))
    start = draw(state)
    if alive:
        arcs.append((start, start, 1, draw(st.integers(0, 2)), draw(quarter_scores(impossible=False))))
    finals = {start if alive else draw(state): 0.0}
    for _ in range(draw(st.integers(0, 2))):
        finals[draw(state)] = draw(quarter_scores(impossible=False))
    source, target, label, word, score = np.array(arcs, dtype=np.float64).reshape(-1, 5).T
    final_score = np.full(num_states, NEG_INF)
    final_score[list(finals)] = list(finals.values())
    return FstArrays.from_columns(source, target, label, word, score, final_score, start)


@st.composite
def graphs(
    draw: Any,
    max_states: int = 5,
    max_arcs: int = 9,
    num_columns: int = NUM_COLUMNS,
    impossible: bool = True,
    alive: bool = False,
) -> DecodingGraph:
    """`fsts` as decoding graphs, with random token and word starts on the emitting arcs of tokens, or none at all."""
    fst = draw(fsts(max_states, max_arcs, num_columns, impossible, alive))
    flags = None
    if draw(st.booleans()):
        flags = np.zeros(fst.num_arcs, dtype=np.uint8)
        for arc in np.flatnonzero(fst.input_label > 1):
            flags[arc] = draw(st.sampled_from([0, TOKEN_START, TOKEN_START | WORD_START]))
    return toy_graph(fst, num_columns, num_words=2, arc_flags=flags)


@st.composite
def matrices(
    draw: Any, max_frames: int = 4, num_columns: int = NUM_COLUMNS, impossible: bool = True
) -> npt.NDArray[np.float32]:
    """Score matrices (T, C) of 1 to `max_frames` frames."""
    frames = draw(st.integers(1, max_frames))
    size = frames * num_columns
    values = draw(st.lists(quarter_scores(-5.0, 0.0, impossible), min_size=size, max_size=size))
    return np.array(values, dtype=np.float32).reshape(frames, num_columns)
