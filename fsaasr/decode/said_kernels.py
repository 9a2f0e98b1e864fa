"""Compiled loops that score what is said by what was said before: steps through automata beside the graph.

Where words add nothing, tokens have no histories, and `SearchGraph.said` is an empty tuple. The kernels that are
compiled for that hold nothing of what stands here: what they call is chosen by type. What is called for each token or
arc is small, and is handed what it reads and not the graph: dozens of arrays, which cost more than the work.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types

from fsaasr.decode.compiled import by_type, inlined_kernel, kernel
from fsaasr.decode.intrinsics import pointer
from fsaasr.decode.search_records import BEGINS, SLACK_STEP
from fsaasr.grammar.ngram_kernels import step

_MOST = 255
"""Steps of slack that a state's record holds."""


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
def say(parts: Any, history: Any, label: Any) -> Any:
    """The history behind output label `label`, and what that adds to the score."""
    after, total = np.int64(0), 0.0
    for k in range(len(parts)):
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
        after, added = say(said.parts, history, word)
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


@njit(cache=True, nogil=True)
def slacks(states: Any, label: Any, score: Any, output: Any, most: Any, opens: Any, slack: Any) -> Any:
    """Sets `Said.slack`.

    Args:
      states: STATE; label, score, output: of the arcs. most: float32 (W,): what each output label adds at most.
      opens: bool (W,): whether it adds anything to, or changes, a history that is 0.

    Returns:
      Greatest score of an arc with what it can add, of those that consume a frame and of epsilons; whether all fits.
    """
    greatest: Any = 0.0
    greatest_epsilon: Any = -np.inf
    fits = True
    for state in range(len(slack)):
        gain, matters = np.float32(0.0), False
        for arc in range(states[state].begin, states[state + 1].begin):
            word = output[arc]
            added = most[word] if word > 0 else np.float32(0.0)
            matters |= word > 0 and (opens[word] or added > 0)
            if label[arc] == 0:
                greatest_epsilon = max(greatest_epsilon, np.float64(score[arc] + added))
                continue
            gain = max(gain, added)
            greatest = max(greatest, np.float64(score[arc] + added))
        steps = np.ceil(gain / SLACK_STEP) + 1
        fits &= steps <= _MOST
        slack[state] = min(steps, _MOST) if matters else 0
    return greatest, greatest_epsilon, fits


@njit(cache=True, nogil=True)
def reaches(states: Any, label: Any, target: Any, output: Any, most: Any, slack: Any, reach: Any) -> None:
    """Sets `Said.reach`; args as of `slacks`, and `target` of the arcs, all of them states: a graph without slots."""
    highest = 0
    for state in range(len(reach)):
        reach[state] = np.float32(max(np.int64(slack[state]) - 1, 0)) * np.float32(SLACK_STEP)
        highest = max(highest, np.int64(states[state].height))
    for _ in range(highest):
        for state in range(len(reach)):
            if states[state].height > 0:
                for arc in range(states[state].begin, states[state + 1].begin):
                    if label[arc] != 0:
                        break
                    added = max(most[output[arc]], np.float32(0.0)) if output[arc] > 0 else np.float32(0.0)
                    reach[state] = max(reach[state], added + reach[target[arc]])
