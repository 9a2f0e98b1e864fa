"""The compiled loop that most of the time goes into: from the tokens of a frame to candidates of the next."""

from __future__ import annotations

from typing import Any

import numpy as np

from fsaasr.decode.compiled import inlined_kernel, kernel
from fsaasr.decode.frame_kernels import LEVELS, NEG_INF, NEG_INF32, STEP, put, record_of, target_of
from fsaasr.decode.handed_kernels import opened
from fsaasr.decode.intrinsics import count_bits, lowest_bit, prefetch
from fsaasr.decode.said_kernels import history_of, said_score, slack_at, speaks
from fsaasr.decode.search_records import BLANK, ENTERED, NEXT, PENALTY_STEP, SLACK_STEP, STAY

_ONE = np.uint64(1)
_PENALTY = np.float32(PENALTY_STEP)
_U = np.uint64


@inlined_kernel
def _step(
    row: Any, source: Any, token: Any, label: Any, arc: Any, via: Any, width: Any, candidates: Any, found: Any
) -> Any:
    """A step of the topology; whether it counts is hard to predict, so it is written and only then counted, or not."""
    n, cutoff, lost = found
    acoustic = row[_U(label - 1)]
    score = token.score + (np.float64(arc) + np.float64(acoustic))
    put(candidates, n, token.state, label, score, source, via, acoustic, arc, history_of(token))
    possible = score > NEG_INF
    passes = (score >= cutoff) & possible
    return n + passes, max(cutoff, score - width), lost | ((not passes) & possible)


@inlined_kernel
def _topology_steps(rule: Any, row: Any, source: Any, token: Any, width: Any, candidates: Any, found: Any) -> Any:
    """The column again, and blank or the token's next column."""
    found = _step(row, source, token, token.label, rule.stay, STAY, width, candidates, found)
    if rule.blank > 0:
        found = _step(row, source, token, rule.blank, np.float32(0.0), BLANK, width, candidates, found)
    elif rule.next > 0:
        found = _step(row, source, token, rule.next, rule.next_score, NEXT, width, candidates, found)
    return found


@inlined_kernel
def _arc(
    graph: Any, by_label: Any, arc: Any, label: Any, excluded: Any, source: Any, place: Any, before: Any,
    threshold: Any, slack: Any, width: Any, candidates: Any, said: Any, found: Any,
) -> Any:  # fmt: skip
    """An arc of the graph; the quick test against `threshold` (cutoff minus `before` and `slack`) mostly fails."""
    n, cutoff, lost = found
    acoustic, graph_score = by_label[_U(label)], graph.score[arc]
    both = acoustic + graph_score
    if both >= threshold and both > NEG_INF32 and label != excluded:
        history, says = said
        if says:
            graph_score, history = said_score(graph.said, graph.output, graph.score, history, arc)
        score = before + (np.float64(graph_score) + np.float64(acoustic))
        if says and (score < cutoff or score == NEG_INF):
            lost |= score > NEG_INF
        else:
            target = target_of(graph, arc, place)
            prefetch(graph.states, np.int64(target))
            put(candidates, n, target, graph.enter[_U(label)], score, source, arc, acoustic, graph_score, history)
            n += 1
            if score - width > cutoff:
                cutoff = score - width
                threshold = np.float32(cutoff - before) - slack
    else:
        lost |= both > NEG_INF32
    return threshold, (n, cutoff, lost)


@inlined_kernel
def _arcs(
    graph: Any, by_label: Any, hot: Any, hottest: Any, rule: Any, entry: Any, last: Any, source: Any, place: Any,
    before: Any, slack: Any, width: Any, candidates: Any, said: Any, found: Any,
) -> Any:  # fmt: skip
    """The arcs of a state that its token may follow; where labels tell their places, only those of hot labels."""
    n, cutoff, lost = found
    threshold = np.float32(cutoff - before) - slack
    above = (hottest - np.float32(entry.penalty) * _PENALTY - threshold) / STEP
    alive = entry.labels & hot[LEVELS - 1]
    # One step more than needed makes up for rounding. Without a label above -inf, `above` is NaN, unfit as an index.
    if not above >= -1:
        lost |= alive > 0
    elif entry.sparse:
        chosen = entry.labels & hot[_U(min(above + np.float32(1), np.float32(LEVELS - 1)))]
        lost |= chosen != alive
        # Epsilons come first, so the labels' arcs are the state's last.
        first = last - count_bits(entry.labels)
        while chosen != 0:
            label = lowest_bit(chosen)
            chosen &= chosen - _ONE
            arc = _U(first + count_bits(entry.labels & ((_ONE << _U(label)) - _ONE)))
            threshold, (n, cutoff, lost) = _arc(
                graph, by_label, arc, label, rule.excluded, source, place, before, threshold, slack, width, candidates,
                said,
                (n, cutoff, lost),
            )  # fmt: skip
    else:
        for each in range(_U(entry.begin), _U(last)):
            threshold, (n, cutoff, lost) = _arc(
                graph, by_label, each, graph.label[each], rule.excluded, source, place, before, threshold, slack, width,
                candidates, said, (n, cutoff, lost),
            )  # fmt: skip
    return n, cutoff, lost


@kernel
def expand(
    handed: Any,
    row: Any,
    by_label: Any,
    hot: Any,
    hottest: Any,
    tokens: Any,
    begin: Any,
    end: Any,
    cutoffs: Any,
    candidates: Any,
    filled: Any,
) -> Any:
    """Candidates of the next frame from tokens `begin` .. `end - 1`.

    `cutoffs`: CUTOFFS, of which `candidate` is raised and the first two losses are set.

    Returns:
      The new number of candidates, and the token with which to go on once there is more room (`end`: all done).
    """
    graph, limits = opened(handed), cutoffs[0]
    keep, width, cutoff, lost = limits.token, limits.width, limits.candidate, limits.candidate_lost > 0
    hottest32 = np.float32(hottest + graph.peak)
    n: Any = np.int64(filled)
    for i in range(begin, end):
        token = tokens[_U(i)]
        before = token.score
        if before < keep:
            limits.token_lost = 1
            continue
        state, place = record_of(graph, token.state)
        rule = graph.rules[_U(token.label & (ENTERED - 1))]
        entry = graph.states[state]
        last = np.int64(graph.states[state + _ONE].begin)
        if n + 3 + last - np.int64(entry.begin) > len(candidates):
            limits.candidate, limits.candidate_lost = cutoff, lost
            return n, np.int64(i)
        if 0 < token.label < ENTERED:
            n, cutoff, lost = _topology_steps(rule, row, i, token, width, candidates, (n, cutoff, lost))
        if rule.scans:
            slack, history = slack_at(graph.said, state), history_of(token)
            most = np.float32(max(slack - 1, 0)) * np.float32(SLACK_STEP)
            n, cutoff, lost = _arcs(
                graph, by_label, hot, hottest32, rule, entry, last, i, place, before, most, width, candidates,
                (history, speaks(graph.said, slack, history)), (n, cutoff, lost),
            )  # fmt: skip
    limits.candidate, limits.candidate_lost = cutoff, lost
    return n, np.int64(end)
