"""Compiled loops over the tokens and links of a pruned search, from the last to the first."""

from __future__ import annotations

from typing import Any

import numpy as np

from fsaasr.core.kernels import njit

NEG_INF = -np.inf


@njit(cache=True, nogil=True)
def _frame_of(begins: Any, token: Any, near: Any) -> Any:
    """Frames consumed before `token`, which are `near` or fewer."""
    while begins[near] > token:
        near -= 1
    return near


@njit(cache=True, nogil=True)
def best_end(tokens: Any, begin: Any, end: Any, final_score: Any, complete: Any) -> Any:
    """The best of tokens `begin` .. `end - 1` with its final score; with score -inf the best that ends in none.

    Args:
      final_score: float64 (end - begin,), of each token, -inf where it may not end a path.
      complete: whether paths may end here at all.
    """
    best, best_score = begin, NEG_INF
    leader = begin
    for i in range(begin, end):
        token = tokens[i]
        if token.score > tokens[leader].score:
            leader = i
        if complete:
            score = token.score + final_score[i - begin]
            if score > best_score:
                best, best_score = i, score
    if best_score == NEG_INF:
        return leader, NEG_INF
    return best, final_score[best - begin]


@njit(cache=True, nogil=True)
def trace_back(tokens: Any, begins: Any, last: Any) -> Any:
    """The steps of the best way to token `last`.

    Args:
      begins: int64: first token of each frame up to that of `last`.

    Returns:
      `via`, the label of the token it leads to (int32) and whether it consumes a frame, of each step, first step
      first; sums of acoustic and of graph scores.
    """
    count = 0
    i = np.int64(last)
    while tokens[i].back > 0:
        count += 1
        i = np.int64(tokens[i].back)
    via, label, consumes = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.bool_)
    acoustic, graph = 0.0, 0.0
    i = np.int64(last)
    frame = len(begins) - 1
    while tokens[i].back > 0:
        count -= 1
        token = tokens[i]
        via[count], label[count] = token.via, token.label
        acoustic += token.acoustic
        graph += token.graph
        i = np.int64(token.back)
        before = _frame_of(begins, i, frame)
        consumes[count] = before < frame
        frame = before
    return via, label, consumes, acoustic, graph


@njit(cache=True, nogil=True)
def common_token(tokens: Any, begins: Any, begin: Any, end: Any) -> Any:
    """A token on the best ways to all of tokens `begin` .. `end - 1`: all that comes after it may still change."""
    living = np.arange(begin, end)
    frame = len(begins) - 1
    while len(living) > 1:
        for k in range(len(living)):
            while living[k] >= begins[frame] and tokens[living[k]].back > 0:
                living[k] = tokens[living[k]].back
        living = np.unique(living)
        if frame == 0:
            return living[0]
        frame -= 1
    return living[0]


@njit(cache=True, nogil=True)
def _step_score(link: Any) -> Any:
    return np.float64(link.graph) + np.float64(link.acoustic)


@njit(cache=True, nogil=True)
def kept_links(tokens: Any, links: Any, end_score: Any, cutoff: Any) -> Any:
    """Whether the best way through each link and on to the end reaches `cutoff`.

    Args:
      end_score: float64: score of ending in each of the last tokens, -inf for none.

    Returns:
      bool (len(links),).
    """
    beta = np.full(len(tokens), NEG_INF)
    beta[len(tokens) - len(end_score) :] = end_score
    keep = np.zeros(len(links), np.bool_)
    for k in range(len(links) - 1, -1, -1):
        link = links[k]
        after = beta[link.target]
        if after == NEG_INF:
            continue
        score = _step_score(link) + after
        target = tokens[link.target]
        # The best way to a token that is kept stays, whatever rounding does.
        is_best = target.back == link.source and target.via == link.via
        if is_best or tokens[link.source].score + score >= cutoff:
            beta[link.source] = max(beta[link.source], score)
            keep[k] = True
    return keep


@njit(cache=True, nogil=True)
def live_links(tokens: Any, links: Any, begin: Any, beam: Any) -> Any:
    """Whether each link can be on a path within `beam` of the best, whatever follows the tokens from `begin` on."""
    slack = np.full(len(tokens), NEG_INF)
    slack[begin:] = 0.0
    keep = np.zeros(len(links), np.bool_)
    for k in range(len(links) - 1, -1, -1):
        link = links[k]
        after = slack[link.target]
        if after == NEG_INF:
            continue
        behind = tokens[link.source].score + _step_score(link) - tokens[link.target].score + after
        if behind >= -beam:
            slack[link.source] = max(slack[link.source], behind)
            keep[k] = True
    return keep


@njit(cache=True, nogil=True)
def live_tokens(tokens: Any, links: Any, begin: Any) -> Any:
    """Whether each token is one of `begin` and after, at the source of a link, or on the best way to any of these."""
    keep = np.zeros(len(tokens), np.bool_)
    keep[begin:] = True
    keep[0] = True
    for k in range(len(links)):
        keep[links[k].source] = True
        keep[links[k].target] = True
    for i in range(len(tokens) - 1, 0, -1):
        # A token may come from one of the same frame that has a greater number.
        j: Any = i
        while keep[j] and j > 0 and tokens[j].back > 0 and not keep[tokens[j].back]:
            j = np.int64(tokens[j].back)
            keep[j] = True
    return keep


@njit(cache=True, nogil=True)
def renumber(tokens: Any, links: Any, number: Any) -> None:
    """Gives tokens their new numbers in `back` and at both ends of links."""
    for i in range(1, len(tokens)):
        if tokens[i].back > 0:
            tokens[i].back = number[tokens[i].back]
    for k in range(len(links)):
        links[k].source = number[links[k].source]
        links[k].target = number[links[k].target]


@njit(cache=True, nogil=True)
def _number_states(links: Any, keep: Any, first: Any, size: Any) -> Any:
    """A topological numbering of the tokens at the ends of kept links, and the tokens by number.

    All links into a token come before those out of it, so numbers go by the first link out of a token; tokens
    without any come last.
    """
    number = np.full(size, -1, np.int32)
    order = np.empty(2 * np.sum(keep) + 1, np.int32)
    number[first] = 0
    order[0] = first
    count = 1
    for side in range(2):
        for k in range(len(links)):
            if keep[k]:
                token = links[k].source if side == 0 else links[k].target
                if number[token] < 0:
                    number[token] = count
                    order[count] = token
                    count += 1
    return number, order[:count].copy()


@njit(cache=True, nogil=True)
def lattice_arrays(tokens: Any, links: Any, begins: Any, keep: Any) -> Any:
    """A lattice of the links for which `keep`, without what only the graph knows.

    Returns:
      By arc, sorted by source: source, target, via, label of the target's token (int32), acoustic score, graph
      score (float32), whether it consumes a frame; by state: token and frames consumed (int32).
    """
    number, order = _number_states(links, keep, 1, len(tokens))
    count, states = np.int64(np.sum(keep)), len(order)
    frame = np.empty(states, np.int32)
    for state in range(states):
        frame[state] = np.searchsorted(begins, order[state], side="right") - 1
    places = np.zeros(states + 1, np.int64)
    for k in range(len(links)):
        if keep[k]:
            places[number[links[k].source] + 1] += 1
    places = np.cumsum(places)
    source, target = np.empty(count, np.int32), np.empty(count, np.int32)
    via, label = np.empty(count, np.int32), np.empty(count, np.int32)
    acoustic, graph = np.empty(count, np.float32), np.empty(count, np.float32)
    consumes = np.empty(count, np.bool_)
    for k in range(len(links)):
        if keep[k]:
            link = links[k]
            state = number[link.source]
            place = places[state]
            places[state] += 1
            source[place], target[place] = state, number[link.target]
            via[place], label[place] = link.via, tokens[link.target].label
            acoustic[place], graph[place] = link.acoustic, link.graph
            consumes[place] = frame[target[place]] > frame[state]
    return source, target, via, label, acoustic, graph, consumes, order, frame
