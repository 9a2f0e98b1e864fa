"""Compiled loops over the tokens and links of a pruned search: back along the best path, and from the last link to the first."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

NEG_INF = -np.inf


@njit(cache=True, nogil=True)
def trace_back(tokens: Any, last: int) -> Any:
    """Tokens of the best way to token `last`, int32, first token first."""
    count = 0
    i = np.int64(last)
    while i > 0:
        count += 1
        i = np.int64(tokens[i].back)
    path = np.empty(count, np.int32)
    i = np.int64(last)
    while i > 0:
        count -= 1
        path[count] = i
        i = np.int64(tokens[i].back)
    return path


@njit(cache=True, nogil=True)
def _step_score(link: Any) -> float:
    return np.float64(link.graph) + np.float64(link.acoustic)


@njit(cache=True, nogil=True)
def kept_links(tokens: Any, links: Any, end_score: Any, cutoff: float) -> Any:
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
def live_links(tokens: Any, links: Any, begin: int, beam: float) -> Any:
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
def live_tokens(tokens: Any, links: Any, begin: int) -> Any:
    """Whether each token is one of `begin` and after, at the source of a link, or on the best way to any of these."""
    keep = np.zeros(len(tokens), np.bool_)
    keep[begin:] = True
    keep[0] = True
    for k in range(len(links)):
        keep[links[k].source] = True
        keep[links[k].target] = True
    for i in range(len(tokens) - 1, 0, -1):
        # A token may come from one of the same frame that has a greater number.
        j = i
        while keep[j] and j > 0 and tokens[j].back > 0 and not keep[tokens[j].back]:
            j = np.int64(tokens[j].back)
            keep[j] = True
    return keep


@njit(cache=True, nogil=True)
def renumber(tokens: Any, links: Any, number: Any) -> None:
    """Gives tokens their new numbers in `back` and at both ends of links."""
    for i in range(len(tokens)):
        if tokens[i].back > 0:
            tokens[i].back = number[tokens[i].back]
    for k in range(len(links)):
        links[k].source = number[links[k].source]
        links[k].target = number[links[k].target]


@njit(cache=True, nogil=True)
def number_states(source: Any, target: Any, first: int) -> Any:
    """A topological numbering of tokens.

    Args:
      source, target: tokens of links, in an order in which all links into a token come before those out of it.
      first: token of the start.

    Returns:
      Number of each link's source and target, and the tokens by number; numbers go by the first link out of a
      token, tokens without any come last.
    """
    size = np.int64(first) + 1
    for k in range(len(source)):
        size = max(size, np.int64(source[k]) + 1, np.int64(target[k]) + 1)
    number = np.full(size, -1, np.int32)
    order = np.empty(2 * len(source) + 1, np.int32)
    number[first] = 0
    order[0] = first
    count = 1
    for tokens in (source, target):
        for k in range(len(tokens)):
            if number[tokens[k]] < 0:
                number[tokens[k]] = count
                order[count] = tokens[k]
                count += 1
    return number[source], number[target], order[:count].copy()
