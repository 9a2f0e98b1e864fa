"""Phrases with weights as an automaton that a search steps through (Aho, Corasick 1975)."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from typing import Dict, List, Optional, Sequence, Set, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.grammar.failure_automaton import FailureAutomaton

Phrase = Tuple[Sequence[int], float]

_UNIT = 2.0**-10
"""What promises are multiples of, so that giving them back is exact in single precision."""


class _Node:
    """A beginning of phrases.

    Attributes:
      after: next nodes by word. ends: sum of the weights of the phrases that end here, shorter ones among them.
      promise: what the search has been given in advance for phrases that may be completed.
      fail: the longest proper end of this beginning that is a beginning, too.
    """

    def __init__(self) -> None:
        self.after: Dict[int, int] = {}
        self.ends = 0.0
        self.promise = 0.0
        self.fail = 0


def phrase_automaton(
    phrases: Sequence[Phrase],
    words: Tuple[str, ...],
    boundary: int = -1,
    begins: Optional[npt.NDArray[np.bool_]] = None,
) -> FailureAutomaton:
    """An automaton by which each occurrence of a phrase adds its weight, overlapping ones among them.

    A beginning of n of a phrase's N words has n / N of a positive weight in advance, that of the phrase that promises
    most, so that a beam keeps it; what does not go on gives all of it back, at the next word or at the end. So the sum
    over a sentence is that of the phrases in it, to the rounding of single precision, whatever the way there.

    Args:
      phrases: words, numbers in 1 .. W - 1, and weight of each.
      words: W names; number 0 is no word.
      boundary: a word that counts once where it is repeated, and stands before the first and behind the last one; -1
        for none.
      begins: as in `FailureAutomaton`.
    """
    nodes = [_Node()]
    for sequence, weight in phrases:
        _enter(nodes, sequence, weight, int(sequence[0] == boundary))
    return replace(_arrays(nodes, _link(nodes), words, boundary), begins=begins)


def _enter(nodes: List[_Node], sequence: Sequence[int], weight: float, free: int) -> None:
    """Enters a phrase; its first `free` words promise nothing."""
    at, length = 0, len(sequence) - free
    for place, word in enumerate(sequence, 1):
        node = nodes[at]
        if word not in node.after:
            node.after[word] = len(nodes)
            nodes.append(_Node())
        at = node.after[word]
        if place < len(sequence):
            promise = math.floor(weight * (place - free) / length / _UNIT) * _UNIT
            nodes[at].promise = max(nodes[at].promise, promise)
    nodes[at].ends += weight


def _link(nodes: List[_Node]) -> List[int]:
    """Sets failures, shortest beginnings first, and adds up what they pass on; nodes in that order."""
    order, queue = [0], deque(nodes[0].after.items())
    parents = {at: 0 for at in nodes[0].after.values()}
    while queue:
        word, at = queue.popleft()
        order.append(at)
        node, fail = nodes[at], parents[at]
        if fail != 0:
            fail = nodes[fail].fail
            while fail and word not in nodes[fail].after:
                fail = nodes[fail].fail
            node.fail = nodes[fail].after.get(word, 0)
        node.ends += nodes[node.fail].ends
        node.promise = max(node.promise, nodes[node.fail].promise)
        for following, target in node.after.items():
            parents[target] = at
            queue.append((following, target))
    return order


def _going_on(nodes: List[_Node], at: int, repeats: Set[int]) -> int:
    """The node itself, or, where no phrase goes on from it, the longest end of it from which one does.

    That promises the same, and paths that go on alike meet at once.
    """
    while at and not nodes[at].after and at not in repeats:
        at = nodes[at].fail
    return at


def _arrays(nodes: List[_Node], order: List[int], words: Tuple[str, ...], boundary: int) -> FailureAutomaton:
    number = {at: n for n, at in enumerate(order)}
    size = len(words)
    every_target, every_score = np.zeros(size, dtype=np.int64), np.zeros(size)
    word: List[int] = []
    arc: List[Tuple[int, float]] = []
    first, fail, fail_score = [0, size], [-1], [0.0]
    # A repeated boundary stays where it is.
    repeats = {nodes[0].after[boundary]} if boundary in nodes[0].after else set()
    repeats |= {node.after[boundary] for node in nodes if boundary in node.after}
    for at in order:
        node = nodes[at]
        arcs = {
            w: (number[_going_on(nodes, to, repeats)], nodes[to].ends + nodes[to].promise - node.promise)
            for w, to in node.after.items()
        }
        if at in repeats:
            arcs.setdefault(boundary, (number[at], 0.0))
        if at == 0:
            for w, (target, score) in arcs.items():
                every_target[w], every_score[w] = target, score
            continue
        listed = sorted(arcs)
        word += listed
        arc += [arcs[w] for w in listed]
        first.append(size + len(word))
        fail.append(number[node.fail])
        fail_score.append(nodes[node.fail].promise - node.promise)
    return FailureAutomaton(
        words,
        np.array(first, dtype=np.int64),
        np.array(fail, dtype=np.int32),
        np.array(fail_score, dtype=np.float32),
        np.concatenate([np.arange(size), np.array(word, dtype=np.int64)]).astype(np.int32),
        np.concatenate([every_score, np.array([score for _, score in arc])]).astype(np.float32),
        np.concatenate([every_target, np.array([target for target, _ in arc], dtype=np.int64)]).astype(np.int32),
        number[nodes[0].after.get(boundary, 0)],
        0,
        boundary,
    )
