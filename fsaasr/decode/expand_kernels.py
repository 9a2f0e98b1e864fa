"""The compiled loop that most of the time goes into: from the tokens of a frame to candidates of the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from fsaasr.decode.frame_kernels import LEVELS, NEG_INF, NEG_INF32, STEP, _kernel, _put
from fsaasr.decode.intrinsics import count_bits, lowest_bit, prefetch
from fsaasr.decode.search_records import BLANK, ENTERED, NEXT, STAY

_ONE = np.uint64(1)
_U = np.uint64

_inlined = njit(cache=True, nogil=True, _nrt=False, inline="always")


@_inlined
def _step(
    candidates: Any,
    n: Any,
    row: Any,
    source: Any,
    before: Any,
    state: Any,
    label: Any,
    arc: Any,
    via: Any,
    width: Any,
    cutoff: Any,
    lost: Any,
) -> Any:
    """A step of the topology."""
    acoustic = row[_U(label - 1)]
    score = before + (np.float64(arc) + np.float64(acoustic))
    _put(candidates, n, state, label, score, source, via, acoustic, arc)
    passes = (score >= cutoff) & (score > NEG_INF)
    return n + passes, max(cutoff, score - width), lost | ((not passes) & (score > NEG_INF))


@_kernel
def expand(
    graph: Any,
    row: Any,
    by_label: Any,
    hot: Any,
    hottest: float,
    tokens: Any,
    begin: int,
    end: int,
    cutoffs: Any,
    candidates: Any,
    filled: int,
) -> Any:
    """Candidates of the next frame from tokens `begin` .. `end - 1`.

    `cutoffs`: CUTOFFS, of which `candidate` is raised and the first two losses are set.

    Returns:
      The new number of candidates, and the token with which to go on once there is more room (`end`: all done).
    """
    limits = cutoffs[0]
    keep, width, cutoff, lost = limits.token, limits.width, limits.candidate, limits.candidate_lost > 0
    hottest32 = np.float32(hottest + graph.greatest)
    n = filled
    for i in range(begin, end):
        token = tokens[_U(i)]
        before = token.score
        if before < keep:
            limits.token_lost = 1
            continue
        label, state = token.label, _U(token.state)
        rule = graph.rules[_U(label & (ENTERED - 1))]
        entry = graph.states[state]
        first, last = np.int64(entry.begin), np.int64(graph.states[state + _ONE].begin)
        if n + 3 + last - first > len(candidates):
            limits.candidate, limits.candidate_lost = cutoff, lost
            return n, np.int64(i)
        if 0 < label < ENTERED:
            # Whether a step counts is hard to predict, so each is written and only then counted, or not.
            n, cutoff, lost = _step(candidates, n, row, i, before, state, label, rule.stay, STAY, width, cutoff, lost)
            if rule.blank > 0:
                n, cutoff, lost = _step(
                    candidates, n, row, i, before, state, rule.blank, np.float32(0.0), BLANK, width, cutoff, lost
                )
            elif rule.next > 0:
                n, cutoff, lost = _step(
                    candidates, n, row, i, before, state, rule.next, rule.next_score, NEXT, width, cutoff, lost
                )
        if not rule.scans:
            continue
        threshold = np.float32(cutoff - before)
        above = (hottest32 - threshold) / STEP
        alive = entry.labels & hot[LEVELS - 1]
        # Where no label has a score above -inf, `above` is NaN, unfit as an index.
        if not above >= 0:
            lost |= alive > 0
            continue
        if entry.sparse:
            # Epsilons come first, so the labels' arcs are the state's last.
            first = last - count_bits(entry.labels)
            chosen = entry.labels & hot[_U(min(above, np.float32(LEVELS - 1)))]
            lost |= chosen != alive
            while chosen != 0:
                bit = lowest_bit(chosen)
                chosen &= chosen - _ONE
                if bit == rule.excluded:
                    continue
                arc = _U(first + count_bits(entry.labels & ((_ONE << _U(bit)) - _ONE)))
                acoustic, graph_score = by_label[_U(bit)], graph.score[arc]
                if acoustic + graph_score >= threshold and graph_score > NEG_INF32:
                    score = before + (np.float64(graph_score) + np.float64(acoustic))
                    target = graph.target[arc]
                    prefetch(graph.states, np.int64(target))
                    _put(candidates, n, target, graph.enter[_U(bit)], score, i, arc, acoustic, graph_score)
                    n += 1
                    if score - width > cutoff:
                        cutoff = score - width
                        threshold = np.float32(cutoff - before)
                else:
                    lost |= graph_score > NEG_INF32
        else:
            for arc in range(_U(first), _U(last)):
                bit = graph.label[arc]
                acoustic, graph_score = by_label[_U(bit)], graph.score[arc]
                summed = acoustic + graph_score
                if summed >= threshold and summed > NEG_INF32 and bit != rule.excluded:
                    score = before + (np.float64(graph_score) + np.float64(acoustic))
                    target = graph.target[arc]
                    prefetch(graph.states, np.int64(target))
                    _put(candidates, n, target, graph.enter[_U(bit)], score, i, arc, acoustic, graph_score)
                    n += 1
                    if score - width > cutoff:
                        cutoff = score - width
                        threshold = np.float32(cutoff - before)
                else:
                    lost |= summed > NEG_INF32
    limits.candidate, limits.candidate_lost = cutoff, lost
    return n, np.int64(end)
