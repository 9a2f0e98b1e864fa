"""Compiled search with a beam: token passing (Young et al. 1989), frame by frame, over records that grow."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fsaasr.decode.compiled import entry, inlined, internal
from fsaasr.decode.expand_kernels import expand
from fsaasr.decode.frame_kernels import (
    LEVELS,
    NEG_INF,
    best_step,
    count_within,
    follow_epsilons,
    hot_labels,
    insert,
    kth_best,
    record_of,
    rehash,
)
from fsaasr.decode.handed_kernels import opened
from fsaasr.decode.said_kernels import set_history
from fsaasr.decode.search_records import BEAM_DELTA, START


class Work(NamedTuple):
    """All that a search of one utterance remembers from frame to frame.

    Attributes:
      tokens: TOKEN, candidates: CANDIDATE; SAID_TOKEN and SAID_CANDIDATE where words add to scores.
      links: LINK, of length 0 where none are wanted; frames: FRAME.
      table: int32, power of two: token numbers by hash. heads: int32: first token of each height whose epsilons are
        to be followed, -1 for none; following: int32: the token after it, by number within the frame.
      scores: float64, as long as `following`, for selection.
      ends: int64 (5,): first token of the frame, ends of tokens and links, frames so far, best token of the frame.
      cutoffs: CUTOFFS (1,).
    """

    tokens: Any
    links: Any
    frames: Any
    candidates: Any
    table: Any
    heads: Any
    following: Any
    scores: Any
    ends: Any
    cutoffs: Any


@internal
def _larger(array: Any, needed: Any) -> Any:
    larger = np.empty(max(needed, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger


@internal
def _reserve(work: Any, count: Any) -> Any:
    """The same work with room for `count` more tokens and links."""
    tokens, links, frames, candidates, table, heads, following, scores, ends, cutoffs = work
    begin, end, last = ends[0], ends[1], ends[2]
    if end + count > len(tokens):
        tokens = _larger(tokens, end + count)
    if len(links) > 0 and last + count > len(links):
        links = _larger(links, last + count)
    if end + count - begin > len(following):
        following = _larger(following, end + count - begin)
        scores = np.empty(len(following))
    if 2 * (end + count - begin) > len(table):
        size = len(table)
        while size < 4 * (end + count - begin):
            size *= 2
        table = np.zeros(size, np.int32)
        rehash(tokens, begin, end, table)
    return Work(tokens, links, frames, candidates, table, heads, following, scores, ends, cutoffs)


@internal
def _more_candidates(work: Any, needed: Any) -> Any:
    tokens, links, frames, candidates, table, heads, following, scores, ends, cutoffs = work
    candidates = _larger(candidates, needed)
    return Work(tokens, links, frames, candidates, table, heads, following, scores, ends, cutoffs)


@internal
def _more_frames(work: Any) -> Any:
    tokens, links, frames, candidates, table, heads, following, scores, ends, cutoffs = work
    frames = _larger(frames, 0)
    return Work(tokens, links, frames, candidates, table, heads, following, scores, ends, cutoffs)


@inlined
def _degree(handed: Any, state: Any) -> Any:
    """Number of arcs of a state."""
    graph = opened(handed)
    record, _ = record_of(graph, state)
    return np.int64(graph.states[record + np.uint64(1)].begin) - np.int64(graph.states[record].begin)


@inlined
def _insert(handed: Any, work: Any, count: Any) -> Any:
    ends = work.ends
    size = ends[1] + count - ends[0]
    if (
        ends[1] + count > len(work.tokens)
        or size > len(work.following)
        or 2 * size > len(work.table)
        or (len(work.links) > 0 and ends[2] + count > len(work.links))
    ):
        work = _reserve(work, count)
    lists = (work.heads, work.following)
    limits = work.cutoffs[0]
    dropped = insert(handed, work.candidates, count, limits.candidate, work.tokens, ends, work.table, lists, work.links)
    limits.candidate_lost |= dropped
    return work


@inlined
def _close(handed: Any, work: Any) -> Any:
    """Follows input epsilons from the tokens of the frame, from the greatest height downwards."""
    for height in range(len(work.heads) - 1, 0, -1):
        first: Any = np.int64(work.heads[height])
        if first < 0:
            continue
        work.heads[height] = -1
        n: Any = np.int64(0)
        while True:
            n, first = follow_epsilons(
                handed, first, work.ends[0], work.cutoffs, work.tokens, work.following, work.candidates, n
            )
            if first < 0:
                break
            work = _more_candidates(work, n + 1 + _degree(handed, work.tokens[first].state))
        if n > 0:
            work = _insert(handed, work, n)
    return work


@entry
def begin(handed: Any, work: Any, start: Any) -> Any:
    """Puts the first token, whose history is `start`."""
    graph = opened(handed)
    candidate, limits = work.candidates[0], work.cutoffs[0]
    candidate.state, candidate.label, candidate.score = graph.start, graph.start_label, 0.0
    candidate.source, candidate.via = -1, START
    candidate.acoustic, candidate.graph = 0.0, 0.0
    limits.candidate, limits.epsilon = NEG_INF, NEG_INF
    frame = work.frames[0]
    frame.begin, frame.active, frame.limited, frame.lost = work.ends[0], 0, 0, NEG_INF
    set_history(candidate, start)
    lists = (work.heads, work.following)
    insert(handed, work.candidates, 1, NEG_INF, work.tokens, work.ends, work.table, lists, work.links[:0])
    return work


@entry
def rehash_frame(work: Any) -> Any:
    """Enters the tokens of the frame into the table anew, after they were renumbered."""
    work.table[:] = 0
    rehash(work.tokens, work.ends[0], work.ends[1], work.table)
    return work


@entry
def close_last(handed: Any, work: Any) -> Any:
    """Follows input epsilons from the last tokens, so that they reach the final states."""
    limits = work.cutoffs[0]
    limits.epsilon = limits.candidate
    limits.closed_lost = 0
    work = _close(handed, work)
    if limits.closed_lost:
        frame = work.frames[work.ends[3]]
        frame.lost = max(frame.lost, limits.candidate)
    return work


@inlined
def _limit(work: Any, best: Any, options: Any) -> None:
    """Sets the score that tokens must reach to go on, and the width that this amounts to."""
    beam, max_active, min_active = options
    start, end = work.ends[0], work.ends[1]
    limits, frame = work.cutoffs[0], work.frames[work.ends[3]]
    limits.token, limits.width = best - beam, beam
    active = count_within(work.tokens, start, end, limits.token)
    frame.limited = active > max_active
    if active > max_active or active <= min_active:
        # Kaldi lets one more than `min_active` go on.
        active = max_active if active > max_active else min(min_active + 1, max_active)
        limits.token = NEG_INF
        if active <= end - start:
            limits.token = kth_best(work.tokens, start, end, active, work.scores)
        limits.width = best - limits.token + BEAM_DELTA
    frame.active = min(active, end - start)


@inlined
def _close_frame(handed: Any, work: Any, row: Any, by_label: Any, hottest: Any, options: Any) -> Any:
    """Follows the epsilons that can matter to the next frame."""
    graph, limits = opened(handed), work.cutoffs[0]
    limits.epsilon = limits.candidate
    limits.closed_lost = 0
    if graph.transient and hottest > NEG_INF:
        start, end = work.ends[0], work.ends[1]
        leader = work.ends[4]
        if count_within(work.tokens, start, end, work.tokens[leader].score - options[0]) > options[2]:
            ahead = best_step(handed, work.tokens[leader], row, by_label) - options[0]
            # What words can add depends on the state: see `follow_epsilons`.
            bonus = graph.highest * max(graph.best_epsilon, 0.0)
            limits.epsilon = max(limits.epsilon, ahead - hottest - graph.peak - bonus)
    work = _close(handed, work)
    if limits.closed_lost:
        # What was only held back for not reaching the next frame is below that frame's cutoff.
        limits.candidate_lost = 1
        frame = work.frames[work.ends[3]]
        if limits.epsilon == limits.candidate:
            frame.lost = max(frame.lost, limits.candidate)
    return work


@inlined
def _expand(handed: Any, work: Any, row: Any, by_label: Any, hot: Any, hottest: Any) -> Any:
    """Candidates of the next frame, and their number."""
    start, end = work.ends[0], work.ends[1]
    n: Any = np.int64(0)
    i = start
    while True:
        n, i = expand(handed, row, by_label, hot, hottest, work.tokens, i, end, work.cutoffs, work.candidates, n)
        if i == end:
            return work, n
        work = _more_candidates(work, n + 3 + _degree(handed, work.tokens[i].state))


@entry
def advance(handed: Any, work: Any, matrix: Any, options: Any) -> Any:
    """Passes tokens through the rows of `matrix` (T, C) until none is left.

    Args:
      options: search beam, max_active, min_active.

    Returns:
      The work; `ends[3]` tells how many frames there are tokens for. Their epsilons are not followed yet.
    """
    by_label = np.empty(opened(handed).labels, np.float32)
    hot = np.empty(LEVELS, np.uint64)
    limits = work.cutoffs[0]
    for t in range(len(matrix)):
        row = matrix[t]
        limits.token_lost, limits.candidate_lost = 0, 0
        hottest = hot_labels(handed, row, by_label, hot)
        work = _close_frame(handed, work, row, by_label, hottest, options)
        leader = work.tokens[work.ends[4]]
        _limit(work, leader.score, options)
        if limits.closed_lost and limits.width > options[0]:
            # The frame's beam turned out wider than the one by which epsilons were held back.
            frame = work.frames[work.ends[3]]
            frame.lost = max(frame.lost, limits.epsilon)
        limits.candidate = best_step(handed, leader, row, by_label) - limits.width
        work, n = _expand(handed, work, row, by_label, hot, hottest)
        frame = work.frames[work.ends[3]]
        if limits.token_lost:
            frame.lost = max(frame.lost, limits.token)
        start, best = work.ends[0], work.ends[4]
        best_score = work.tokens[best].score
        work.ends[0] = work.ends[1]
        work = _insert(handed, work, n)
        if work.ends[1] == work.ends[0]:
            # None is left: what there was before stays, for the best path so far.
            work.ends[0], work.ends[4] = start, best
            if limits.candidate_lost:
                frame = work.frames[work.ends[3]]
                frame.lost = max(frame.lost, best_score)
            break
        work.ends[3] += 1
        if work.ends[3] == len(work.frames):
            work = _more_frames(work)
        frame = work.frames[work.ends[3]]
        frame.begin, frame.active, frame.limited = work.ends[0], 0, 0
        frame.lost = limits.candidate if limits.candidate_lost else NEG_INF
    return work
