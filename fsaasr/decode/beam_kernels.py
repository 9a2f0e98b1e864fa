"""Compiled loops of pruned search: token passing, frame by frame, over an active list (Young et al. 1989).

A token is a graph state at a frame with the best score of reaching it; a link is an arc between two tokens.
Tokens and links are appended to growing arrays in the order in which they come about: the epsilon links of
frame 0 in topological order, the emitting links out of frame 0, the epsilon links of frame 1, and so on, so that
one sweep from the last link to the first sees every token's ways to the end before the token itself.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Tuple

import numpy as np
from numba import njit

NEG_INF = -np.inf


class BeamGraph(NamedTuple):
    """A graph's arrays, and its input-epsilon arcs apart.

    Attributes:
      offsets, target, label, score: as in FstArrays.
      eps_offsets, eps_arcs: epsilon arcs of state s are `eps_arcs[eps_offsets[s] : eps_offsets[s + 1]]`.
      rank: place of each state in epsilon order.
    """

    offsets: Any
    target: Any
    label: Any
    score: Any
    eps_offsets: Any
    eps_arcs: Any
    rank: Any


@njit(cache=True, nogil=True)
def _room(array: Any, needed: int) -> Any:
    """`array`, or a larger copy that holds `needed` elements."""
    if needed <= len(array):
        return array
    larger = np.empty(max(needed, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger


@njit(cache=True, nogil=True)
def _kth_best(scores: Any, k: int) -> Any:
    return np.partition(scores, len(scores) - k)[len(scores) - k]


@njit(cache=True, nogil=True)
def _cutoff(scores: Any, beam: float, max_active: int, min_active: int) -> Tuple[Any, Any, Any]:
    """Score below which tokens are not expanded, the beam that this amounts to, and the best token."""
    best = np.argmax(scores)
    cutoff = scores[best] - beam
    within = np.sum(scores >= cutoff)
    if within > max_active:
        cutoff = _kth_best(scores, max_active)
    elif within < min_active:
        cutoff = _kth_best(scores, min_active) if len(scores) > min_active else NEG_INF
    return cutoff, scores[best] - cutoff, best


@njit(cache=True, nogil=True)
def _first_cutoff(graph: Any, state: int, before: float, row: Any, beam: float) -> float:
    """Cutoff of the next frame, as far as the best token of this one can tell."""
    best = NEG_INF
    for arc in range(graph.offsets[state], graph.offsets[state + 1]):
        if graph.label[arc] > 0:
            best = max(best, before + graph.score[arc] + row[graph.label[arc] - 1])
    return best - beam


@njit(cache=True, nogil=True)
def _arcs_out(graph: Any, states: Any, scores: Any, cutoff: float) -> int:
    """Number of arcs that leave the tokens that are expanded."""
    count = 0
    for i in range(len(states)):
        if scores[i] >= cutoff:
            count += graph.offsets[states[i] + 1] - graph.offsets[states[i]]
    return count


@njit(cache=True, nogil=True)
def _push(heap: Any, size: int, key: Any) -> int:
    """Adds `key` to a binary heap with the least key first; returns its new size."""
    place = size
    while place > 0 and heap[(place - 1) // 2] > key:
        heap[place] = heap[(place - 1) // 2]
        place = (place - 1) // 2
    heap[place] = key
    return size + 1


@njit(cache=True, nogil=True)
def _pop(heap: Any, size: int) -> int:
    """Removes the least key, heap[0]; returns the new size."""
    size -= 1
    key, place = heap[size], 0
    while 2 * place + 1 < size:
        child = 2 * place + 1
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = key
    return size


@njit(cache=True, nogil=True)
def _expand(
    graph: Any,
    row: Any,
    tokens: Tuple[int, int],
    cutoffs: Tuple[float, float, float],
    arrays: Any,
    place: Any,
    links: int,
) -> Tuple[int, int, float]:
    """Follows the emitting arcs of tokens `begin` .. `end`; arrays are large enough.

    Returns:
      The new ends of tokens and links, and the cutoff of the new frame.
    """
    begin, end = tokens
    cutoff, beam, next_cutoff = cutoffs
    state, alpha, link_source, link_target, link_arc = arrays
    count = end
    for i in range(begin, end):
        before = alpha[i]
        if before < cutoff:
            continue
        for arc in range(graph.offsets[state[i]], graph.offsets[state[i] + 1]):
            label = graph.label[arc]
            if label == 0:
                continue
            value = before + graph.score[arc] + row[label - 1]
            if value < next_cutoff or value == NEG_INF:
                continue
            next_cutoff = max(next_cutoff, value - beam)
            target = graph.target[arc]
            j = place[target]
            if j < 0:
                j = count
                place[target] = j
                state[j] = target
                alpha[j] = value
                count += 1
            elif value > alpha[j]:
                alpha[j] = value
            link_source[links] = i
            link_target[links] = j
            link_arc[links] = arc
            links += 1
    return count, links, next_cutoff


@njit(cache=True, nogil=True)
def _close(
    graph: Any, begin: int, end: int, cutoff: float, arrays: Any, place: Any, links: int
) -> Tuple[Any, int, int]:
    """Follows epsilon arcs from tokens `begin` .. `end`, each state once, in topological order.

    Returns:
      The arrays, perhaps grown, and the new ends of tokens and links.
    """
    state, alpha, link_source, link_target, link_arc = arrays
    heap = np.empty(64, np.int64)
    size = 0
    count = end
    for i in range(begin, end):
        if graph.eps_offsets[state[i] + 1] > graph.eps_offsets[state[i]]:
            heap = _room(heap, size + 1)
            size = _push(heap, size, (np.int64(graph.rank[state[i]]) << 32) | (i - begin))
    while size > 0:
        i = begin + (heap[0] & 0xFFFFFFFF)
        size = _pop(heap, size)
        first, last = graph.eps_offsets[state[i]], graph.eps_offsets[state[i] + 1]
        state = _room(state, count + last - first)
        alpha = _room(alpha, count + last - first)
        link_source = _room(link_source, links + last - first)
        link_target = _room(link_target, links + last - first)
        link_arc = _room(link_arc, links + last - first)
        for k in range(first, last):
            arc = graph.eps_arcs[k]
            value = alpha[i] + graph.score[arc]
            if value < cutoff or value == NEG_INF:
                continue
            target = graph.target[arc]
            j = place[target]
            if j < 0:
                j = count
                place[target] = j
                state[j] = target
                alpha[j] = value
                count += 1
                if graph.eps_offsets[target + 1] > graph.eps_offsets[target]:
                    heap = _room(heap, size + 1)
                    size = _push(heap, size, (np.int64(graph.rank[target]) << 32) | (j - begin))
            elif value > alpha[j]:
                alpha[j] = value
            link_source[links] = i
            link_target[links] = j
            link_arc[links] = arc
            links += 1
    return (state, alpha, link_source, link_target, link_arc), count, links


@njit(cache=True, nogil=True)
def beam_forward(
    graph: Any, start: int, matrix: Any, beam: float, max_active: int, min_active: int, place: Any
) -> Tuple[Any, Any, int]:
    """Passes tokens through all frames.

    Args:
      place: int32 (S,) of -1, scratch; given back as it was.

    Returns:
      The arrays (state, score of each token; source, target token and arc of each link), the offsets of the
      tokens of each frame (T + 2,), of which those up to the last frame reached are set, and that frame.
    """
    frames = len(matrix)
    arrays = (
        np.empty(1024, np.int32),
        np.empty(1024, np.float64),
        np.empty(1024, np.int32),
        np.empty(1024, np.int32),
        np.empty(1024, np.int32),
    )
    offsets = np.zeros(frames + 2, np.int64)
    arrays[0][0] = start
    arrays[1][0] = 0.0
    place[start] = 0
    arrays, end, links = _close(graph, 0, 1, NEG_INF, arrays, place, 0)
    offsets[1] = end
    reached = 0
    for t in range(frames + 1):
        begin = offsets[t]
        for i in range(begin, end):
            place[arrays[0][i]] = -1
        if t == frames:
            break
        cutoff, width, best = _cutoff(arrays[1][begin:end], beam, max_active, min_active)
        state, alpha, link_source, link_target, link_arc = arrays
        needed = _arcs_out(graph, state[begin:end], alpha[begin:end], cutoff)
        arrays = (
            _room(state, end + needed),
            _room(alpha, end + needed),
            _room(link_source, links + needed),
            _room(link_target, links + needed),
            _room(link_arc, links + needed),
        )
        row = matrix[t]
        first = _first_cutoff(graph, state[begin + best], alpha[begin + best], row, width)
        middle, links, next_cutoff = _expand(graph, row, (begin, end), (cutoff, width, first), arrays, place, links)
        if middle == end:
            break
        arrays, last, links = _close(graph, end, middle, next_cutoff, arrays, place, links)
        end = last
        offsets[t + 2] = end
        reached = t + 1
    state, alpha, link_source, link_target, link_arc = arrays
    return (state[:end], alpha[:end], link_source[:links], link_target[:links], link_arc[:links]), offsets, reached


@njit(cache=True, nogil=True)
def beam_backward(
    graph: Any, matrix: Any, arrays: Any, offsets: Any, reached: int, end: Any, cutoff: float
) -> Tuple[Any, Any]:
    """Links whose best way from start to end reaches `cutoff`.

    Args:
      end: float64: score of ending in each token of the last frame.

    Returns:
      Frames int32 and arcs int32, latest first.
    """
    _, alpha, link_source, link_target, link_arc = arrays
    beta = np.full(len(alpha), NEG_INF)
    beta[offsets[reached] :] = end
    out_frame = np.empty(len(link_arc), np.int32)
    out_arc = np.empty(len(link_arc), np.int32)
    count = 0
    t = reached
    for k in range(len(link_arc) - 1, -1, -1):
        i, arc = link_source[k], link_arc[k]
        after = beta[link_target[k]]
        if after == NEG_INF:
            continue
        while offsets[t] > i:
            t -= 1
        value = graph.score[arc] + after
        lead = alpha[i] + graph.score[arc]
        if graph.label[arc] > 0:
            value += matrix[t, graph.label[arc] - 1]
            lead += matrix[t, graph.label[arc] - 1]
        # The best way to a token that is kept is kept, whatever the sums' rounding says.
        if alpha[i] + value < cutoff and lead < alpha[link_target[k]]:
            continue
        beta[i] = max(beta[i], value)
        out_frame[count] = t
        out_arc[count] = arc
        count += 1
    return out_frame[:count].copy(), out_arc[:count].copy()
