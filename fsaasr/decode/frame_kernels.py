"""Compiled loops of the pruned search within one frame. Nothing here allocates.

Indices are made unsigned, so that none is checked for being negative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fsaasr.decode.compiled import inlined_kernel, kernel
from fsaasr.decode.handed_kernels import opened
from fsaasr.decode.intrinsics import count_bits, prefetch
from fsaasr.decode.said_kernels import history_of, reach_at, said_score, set_history, slack_at, speaks
from fsaasr.decode.search_records import ENTERED, EXIT

NEG_INF = -np.inf
NEG_INF32 = np.float32(-np.inf)
LEVELS = 64
"""Steps in which column scores are told apart, from the best column downwards; what lies lower counts as one."""
STEP = np.float32(0.5)
_ONE = np.uint64(1)
_U = np.uint64


@inlined_kernel
def put(
    candidates: Any, n: Any, state: Any, label: Any, score: Any, source: Any, via: Any, acoustic: Any, arc: Any,
    history: Any,
) -> None:  # fmt: skip
    """Sets candidate `n`; `arc` is the graph's part of its score."""
    candidate = candidates[_U(n)]
    candidate.state = state
    candidate.label = label
    candidate.score = score
    candidate.source = source
    candidate.via = via
    candidate.acoustic = acoustic
    candidate.graph = arc
    set_history(candidate, history)


@inlined_kernel
def record_of(graph: Any, state: Any) -> Any:
    """Where the record of a state is, and its place, which is added to the targets of its arcs (0 outside of slots)."""
    record, place = _U(state), np.int64(0)
    if np.int64(state) >= graph.slots_begin:
        beyond = np.uint32(np.int64(state) - graph.slots_begin)
        count = np.uint32(graph.places)
        record = _U(graph.slots_begin) + _U(beyond // count)
        place = np.int64(beyond % count)
    return record, place


@inlined_kernel
def target_of(graph: Any, arc: Any, place: Any) -> Any:
    """The state that an arc leads to from a state in a place."""
    target = np.int64(graph.target[arc]) + place
    if target < 0:
        target = np.int64(graph.returns[_U(place)])
    return target


@inlined_kernel
def _slot(state: Any, label: Any, history: Any, mask: Any) -> Any:
    """First place of a token in a hash table of `mask + 1` places."""
    key = _U(state) * _U(0x9E3779B97F4A7C15) + _U(label) * _U(0xC2B2AE3D27D4EB4F)
    key += _U(history) * _U(0xD6E8FEB86659FD93)
    return (key >> _U(32)) & mask


@kernel
def hot_labels(handed: Any, row: Any, by_label: Any, hot: Any) -> Any:
    """Sets `by_label[l]` to the score of label l in this frame and `hot[k]` to the labels within k steps of the best.

    The last of `hot` is for labels of any score above -inf. Returns the best label's score.
    """
    graph = opened(handed)
    best = NEG_INF32
    by_label[0] = NEG_INF32
    for label in range(1, len(by_label)):
        score = row[_U(graph.column[label])]
        by_label[_U(label)] = score
        best = max(best, score)
    for k in range(LEVELS):
        hot[k] = _U(0)
    for label in range(1, len(by_label)):
        score = by_label[_U(label)]
        if score > NEG_INF32:
            k = min((best - score) / STEP, np.float32(LEVELS - 1))
            hot[_U(k)] |= _ONE << (_U(label) & _U(63))
    for k in range(1, LEVELS):
        hot[k] |= hot[k - 1]
    return float(best)


@kernel
def count_within(tokens: Any, begin: Any, end: Any, cutoff: Any) -> Any:
    """Tokens `begin` .. `end - 1` whose score reaches `cutoff`."""
    count = 0
    for i in range(begin, end):
        count += tokens[_U(i)].score >= cutoff
    return count


@kernel
def kth_best(tokens: Any, begin: Any, end: Any, k: Any, scores: Any) -> Any:
    """The k-th best score (1 .. end - begin) of tokens `begin` .. `end - 1`, by Hoare's selection; uses `scores`."""
    for i in range(begin, end):
        scores[_U(i - begin)] = tokens[_U(i)].score
    low: Any = np.int64(0)
    high: Any = np.int64(end - begin - 1)
    place = np.int64(k - 1)
    while low < high:
        pivot = scores[_U((low + high) // 2)]
        i, j = low, high
        while i <= j:
            while scores[_U(i)] > pivot:
                i += 1
            while scores[_U(j)] < pivot:
                j -= 1
            if i <= j:
                scores[_U(i)], scores[_U(j)] = scores[_U(j)], scores[_U(i)]
                i += 1
                j -= 1
        if place <= j:
            high = j
        elif place >= i:
            low = i
        else:
            break
    return scores[_U(place)]


@kernel
def best_step(handed: Any, token: Any, row: Any, by_label: Any) -> Any:
    """Score of the best step that consumes a frame from a token, summed as `expand` sums it."""
    graph = opened(handed)
    rule = graph.rules[_U(token.label & (ENTERED - 1))]
    best: Any = NEG_INF
    if token.label < ENTERED and token.label > 0:
        best = max(best, np.float64(rule.stay) + np.float64(row[_U(token.label - 1)]))
        if rule.next > 0:
            best = max(best, np.float64(rule.next_score) + np.float64(row[_U(rule.next - 1)]))
        if rule.blank > 0:
            best = max(best, np.float64(row[_U(rule.blank - 1)]))
    if rule.scans:
        state, _ = record_of(graph, token.state)
        for arc in range(_U(graph.states[state].begin), _U(graph.states[state + _ONE].begin)):
            label = graph.label[arc]
            if label != rule.excluded:
                score, _ = said_score(graph.said, graph.output, graph.score, history_of(token), arc)
                best = max(best, np.float64(score) + np.float64(by_label[_U(label)]))
    return token.score + best


@inlined_kernel
def _queue(graph: Any, state: Any, label: Any, j: Any, begin: Any, heads: Any, following: Any) -> None:
    """Notes a new token among those of its height, and asks for its arcs."""
    record, _ = record_of(graph, state)
    entry = graph.states[record]
    prefetch(graph.score, np.int64(entry.begin))
    height: Any = np.int64(entry.height)
    rule = graph.rules[_U(label & (ENTERED - 1))]
    if rule.exit >= 0 and label < ENTERED:
        height = len(heads) - 1
    elif not rule.scans:
        height = 0
    if height > 0:
        prefetch(graph.target, np.int64(entry.begin))
        following[_U(j - begin)] = heads[_U(height)]
        heads[_U(height)] = j


@kernel
def insert(
    handed: Any, candidates: Any, count: Any, cutoff: Any, tokens: Any, ends: Any, table: Any, work: Any, links: Any
) -> Any:
    """Makes tokens of the candidates that reach `cutoff`, one for each state, label and history, and links if wanted.

    Returns whether any fell short. `ends`: see `Work`; the ends and the best token are moved. `table` holds token
    numbers by hash; those of earlier frames count as free places.
    """
    graph = opened(handed)
    mask = _U(len(table) - 1)
    begin, end, last = ends[0], ends[1], ends[2]
    heads, following = work
    lost = False
    leader = ends[4]
    if leader < begin:
        leader = begin
    best = tokens[_U(leader)].score if end > begin else NEG_INF
    for n in range(count):
        candidate = candidates[_U(n)]
        score = candidate.score
        if score < cutoff:
            lost = True
            continue
        state, label, history = candidate.state, candidate.label, history_of(candidate)
        x = _slot(state, label, history, mask)
        while True:
            j: Any = np.int64(table[x])
            token = tokens[_U(j)]
            if j < begin:
                j = end
                end += 1
                table[x] = j
                token = tokens[_U(j)]
                token.state, token.label, token.score = state, label, score
                token.back, token.via = candidate.source, candidate.via
                token.acoustic, token.graph = candidate.acoustic, candidate.graph
                set_history(token, history)
                _queue(graph, state, label, j, begin, heads, following)
                break
            if token.state == state and token.label == label and history_of(token) == history:
                if score > token.score:
                    token.score, token.back, token.via = score, candidate.source, candidate.via
                    token.acoustic, token.graph = candidate.acoustic, candidate.graph
                break
            x = (x + _ONE) & mask
        if score > best:
            leader, best = j, score
        if len(links) > 0:
            link = links[_U(last)]
            link.source, link.target, link.via = candidate.source, j, candidate.via
            link.acoustic, link.graph = candidate.acoustic, candidate.graph
            last += 1
    ends[1], ends[2], ends[4] = end, last, leader
    return lost


@kernel
def rehash(tokens: Any, begin: Any, end: Any, table: Any) -> None:
    """Enters tokens `begin` .. `end - 1` into an empty table."""
    mask = _U(len(table) - 1)
    for j in range(begin, end):
        token = tokens[_U(j)]
        x = _slot(token.state, token.label, history_of(token), mask)
        while table[x] >= begin:
            x = (x + _ONE) & mask
        table[x] = j


@inlined_kernel
def _goes_on(graph: Any, score: Any, state: Any, limits: Any) -> Any:
    """Whether a token of that score in a state can matter to the next frame, with what words add on the way."""
    if score >= limits.epsilon:
        return True
    record, _ = record_of(graph, state)
    return score >= limits.epsilon - reach_at(graph.said, record)


@kernel
def follow_epsilons(
    handed: Any, first: Any, begin: Any, cutoffs: Any, tokens: Any, following: Any, candidates: Any, filled: Any
) -> Any:
    """Candidates of what epsilons lead to from the tokens of one list, which begins with `first`.

    `cutoffs`: CUTOFFS; candidates reach `candidate`, and those that must go on with an arc of the graph `epsilon`, with
    what words can add on the way.

    Returns:
      The new number of candidates, and the token with which to go on once there is more room (-1: all done).
    """
    graph, limits = opened(handed), cutoffs[0]
    i = np.int64(first)
    n = filled
    while i >= 0:
        token = tokens[_U(i)]
        rule = graph.rules[_U(token.label & (ENTERED - 1))]
        if rule.exit >= 0 and token.label < ENTERED:
            if n == len(candidates):
                return n, i
            score = token.score + rule.exit_score
            # What may still consume a blank has more ways to go on than arcs.
            if score >= limits.candidate and (rule.exit > 0 or _goes_on(graph, score, token.state, limits)):
                put(
                    candidates, n, token.state, rule.exit, score, i, EXIT, np.float32(0.0), rule.exit_score,
                    history_of(token),
                )  # fmt: skip
                n += 1
            else:
                limits.closed_lost |= score > NEG_INF
        elif not _goes_on(graph, token.score + graph.best_epsilon, token.state, limits):
            limits.closed_lost = 1
        elif rule.scans:
            state, place = record_of(graph, token.state)
            history = history_of(token)
            says = speaks(graph.said, slack_at(graph.said, state), history)
            arc, end = np.int64(graph.states[state].begin), np.int64(graph.states[state + _ONE].begin)
            if n + end - arc > len(candidates):
                return n, i
            if graph.states[state].sparse:
                end -= count_bits(graph.states[state].labels)
            while arc < end and (graph.states[state].sparse or graph.label[_U(arc)] == 0):
                graph_score, after = graph.score[_U(arc)], history
                if says:
                    graph_score, after = said_score(graph.said, graph.output, graph.score, history, arc)
                score = token.score + graph_score
                target = target_of(graph, _U(arc), place)
                if score >= limits.candidate and score > NEG_INF and _goes_on(graph, score, target, limits):
                    prefetch(graph.states, np.int64(target))
                    put(candidates, n, target, rule.entered, score, i, arc, np.float32(0.0), graph_score, after)
                    n += 1
                else:
                    limits.closed_lost |= score > NEG_INF
                arc += 1
        i = np.int64(following[_U(i - begin)])
    return n, np.int64(-1)
