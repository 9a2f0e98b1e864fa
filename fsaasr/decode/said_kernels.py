"""Compiled loops that score what is said by what was said before: steps through automata beside the graph.

Where words add nothing, tokens have no histories, and `SearchGraph.said` is an empty tuple. The kernels that are
compiled for that hold nothing of what stands here: what they call is chosen by type. What is called for each token or
arc is small, and is handed what it reads and not the graph: dozens of arrays, which cost more than the work.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from fsaasr.core.kernels import njit
from fsaasr.decode.compiled import by_type, inlined_kernel, kernel
from fsaasr.decode.intrinsics import pointer
from fsaasr.decode.search_records import BEGINS
from fsaasr.grammar.ngram_kernels import step


@inlined_kernel
def _tables(part: Any) -> Any:
    """`FailureAutomaton.tables`."""
    return (
        pointer(part.first, np.int64),
        pointer(part.last, np.int64),
        pointer(part.fail, np.int32),
        pointer(part.fail_score, np.float32),
        pointer(part.word, np.int32),
        pointer(part.score, np.float32),
        pointer(part.next_state, np.int32),
    )


@kernel
def say(parts: Any, count: Any, history: Any, label: Any) -> Any:
    """The history behind output label `label`, and what that adds to the score by so many parts."""
    after, total = np.int64(0), 0.0
    for k in range(count):
        part = parts[np.uint64(k)]
        state: Any = (history >> part.shift) & part.mask
        word: Any = pointer(part.words, np.int32)[label]
        score = 0.0
        if word >= BEGINS:
            word -= BEGINS
            state, score = step(_tables(part), state, part.boundary)
        state, added = step(_tables(part), state, word)
        after |= np.int64(state) << part.shift
        total += part.scale * (score + added)
    return after, total


def _has_history(record: Any) -> bool:
    return "history" in record.fields


@by_type
def history_of(record: Any) -> Any:
    """The history of a token or candidate."""
    return (lambda record: record.history) if _has_history(record) else lambda record: np.int64(0)


@by_type
def set_history(record: Any, history: Any) -> Any:
    """Makes `history` that of a token or candidate."""

    def tracked(record: Any, history: Any) -> None:
        record.history = history

    return tracked if _has_history(record) else lambda record, history: None


@by_type
def slack_at(said: Any, state: Any) -> Any:
    """`Said.slack` of a state."""
    if isinstance(said, types.NamedTuple):
        return lambda said, state: np.int64(said.slack[np.uint64(state)])
    return lambda said, state: np.int64(0)


@by_type
def reach_at(said: Any, state: Any) -> Any:
    """`Said.reach` of a state."""
    if isinstance(said, types.NamedTuple):
        return lambda said, state: np.float64(said.reach[np.uint64(state)])
    return lambda said, state: np.float64(0.0)


@by_type
def speaks(said: Any, slack: Any, history: Any) -> Any:
    """Whether the words on the arcs of a state of that slack can matter to a token."""
    if isinstance(said, types.NamedTuple):
        return lambda said, slack, history: (slack | history) != 0
    return lambda said, slack, history: False


@by_type
def said_score(said: Any, output: Any, score: Any, history: Any, arc: Any) -> Any:
    """Score of an arc with what its word adds, and the history behind it."""

    def tracked(said: Any, output: Any, score: Any, history: Any, arc: Any) -> Any:
        total = score[np.uint64(arc)]
        word = output[np.uint64(arc)]
        if word <= 0:
            return total, history
        after, added = say(said.parts, said.count, history, word)
        return np.float32(total + added), after

    if isinstance(said, types.NamedTuple):
        return tracked
    return lambda said, output, score, history, arc: (score[np.uint64(arc)], history)


@njit(cache=True, nogil=True)
def endings(parts: Any, histories: Any) -> Any:
    """float64 (M,): what ending adds after each of M histories."""
    scores = np.zeros(len(histories))
    for k in range(len(parts)):
        part = parts[k]
        for m in range(len(histories)):
            state = (histories[m] >> part.shift) & part.mask
            if part.boundary >= 0:
                state, added = step(_tables(part), state, part.boundary)
                scores[m] += part.scale * added
            scores[m] += part.scale * step(_tables(part), state, part.end)[1]
    return scores
