"""Compiled loops that score what is said by what was said before: steps through automata beside the graph.

Where words add nothing, histories are an empty tuple in place of an array. The kernels that are compiled for that hold
nothing of what stands here: what they call is chosen by type.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types

from fsaasr.decode.compiled import by_type, inlined_kernel, kernel
from fsaasr.decode.search_records import BEGINS, SLACK_STEP
from fsaasr.grammar.ngram_kernels import step

_MOST = 255
"""Steps of slack that a state's record holds."""


@inlined_kernel
def _one(part: Any, history: Any, label: Any) -> Any:
    """Next state, in its place within a history, and score of a label in one automaton."""
    state = (history >> part.shift) & part.mask
    word: Any = part.words[label]
    score = 0.0
    if word >= BEGINS:
        word -= BEGINS
        state, score = step(part.tables, state, part.boundary)
    after, added = step(part.tables, state, word)
    return np.int64(after) << part.shift, part.scale * (score + added)


@kernel
def say(said: Any, history: Any, label: Any) -> Any:
    """The history behind output label `label`, and what that adds to the score."""
    first, second, third = said.parts
    after, score = _one(first, history, label)
    if second.scale != 0.0:
        more, added = _one(second, history, label)
        after, score = after | more, score + added
    if third.scale != 0.0:
        more, added = _one(third, history, label)
        after, score = after | more, score + added
    return after, score


@by_type
def is_tracked(histories: Any) -> Any:
    """Whether words add to scores, and tokens have histories."""
    if isinstance(histories, types.Array):
        return lambda histories: True
    return lambda histories: False


@by_type
def history_at(histories: Any, i: Any) -> Any:
    """The history of token or candidate i."""
    if isinstance(histories, types.Array):
        return lambda histories, i: histories[np.uint64(i)]
    return lambda histories, i: np.int64(0)


@by_type
def set_history(histories: Any, i: Any, history: Any) -> Any:
    """Makes `history` that of token or candidate i."""

    def tracked(histories: Any, i: Any, history: Any) -> None:
        histories[np.uint64(i)] = history

    return tracked if isinstance(histories, types.Array) else lambda histories, i, history: None


@by_type
def slack_at(graph: Any, histories: Any, state: Any) -> Any:
    """What the word on an arc of a state can add at most."""
    if isinstance(histories, types.Array):
        return lambda graph, histories, state: np.float32(graph.said.slack[state]) * np.float32(SLACK_STEP)
    return lambda graph, histories, state: np.float32(0.0)


@by_type
def arc_score(graph: Any, arc: Any, history: Any, histories: Any, n: Any) -> Any:
    """Score of an arc with what its word adds; the history behind it becomes the n-th, unless n is negative."""

    def tracked(graph: Any, arc: Any, history: Any, histories: Any, n: Any) -> Any:
        score, after = graph.score[arc], history
        if graph.output[arc] > 0:
            after, added = say(graph.said, history, graph.output[arc])
            score = np.float32(score + added)
        if n >= 0:
            histories[np.uint64(n)] = after
        return score

    if isinstance(histories, types.Array):
        return tracked
    return lambda graph, arc, history, histories, n: graph.score[arc]


@njit(cache=True, nogil=True)
def endings(said: Any, histories: Any) -> Any:
    """float64 (M,): what ending adds after each of M histories."""
    scores = np.zeros(len(histories))
    for part in said.parts:
        if part.scale != 0.0:
            for k in range(len(histories)):
                state = (histories[k] >> part.shift) & part.mask
                if part.boundary >= 0:
                    state, added = step(part.tables, state, part.boundary)
                    scores[k] += part.scale * added
                scores[k] += part.scale * step(part.tables, state, part.end)[1]
    return scores


@njit(cache=True, nogil=True)
def slacks(states: Any, label: Any, score: Any, output: Any, most: Any, slack: Any) -> Any:
    """Sets `slack` of each state: what saying a word on one of its arcs can add at most, in steps of SLACK_STEP.

    Args:
      states: STATE; label, score, output: of the arcs. most: float32 (W,): what each output label adds at most.

    Returns:
      Greatest score of an arc with what it can add, of those that consume a frame and of epsilons; whether all fits.
    """
    greatest: Any = 0.0
    greatest_epsilon: Any = -np.inf
    fits = True
    for state in range(len(slack)):
        gain = np.float32(0.0)
        for arc in range(states[state].begin, states[state + 1].begin):
            added = most[output[arc]] if output[arc] > 0 else np.float32(0.0)
            if label[arc] == 0:
                greatest_epsilon = max(greatest_epsilon, np.float64(score[arc] + added))
                continue
            gain = max(gain, added)
            greatest = max(greatest, np.float64(score[arc] + added))
        steps = np.ceil(gain / SLACK_STEP)
        fits &= steps <= _MOST
        slack[state] = min(steps, _MOST)
    return greatest, greatest_epsilon, fits
