"""One function over the utterances of a batch, in order, on one thread or several."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Callable, List, TypeVar

from fsaasr.core.errors import ConfigError
from fsaasr.core.scores import Scores
from fsaasr.lattice.build import Utterance

T = TypeVar("T")


def over_utterances(function: Callable[[int], T], count: int, threads: int) -> List[T]:
    """`[function(0), ..., function(count - 1)]`; the result is the same for any number of threads (>= 1)."""
    if threads < 1:
        raise ConfigError(f"threads is {threads}, expected >= 1")
    if threads == 1 or count < 2:
        return [function(n) for n in range(count)]
    # Several at a time: handing over a task takes the interpreter lock from the other threads.
    size = max(1, count // (8 * threads))
    blocks = [range(begin, min(begin + size, count)) for begin in range(0, count, size)]
    with ThreadPoolExecutor(max_workers=min(threads, len(blocks))) as pool:
        return [result for block in pool.map(lambda block: [function(n) for n in block], blocks) for result in block]


def utterance(scores: Scores, n: int) -> Utterance:
    """Utterance `n` of a batch without its padding."""
    return Utterance(scores.ids[n], scores.utterance(n), scores.frame_shift)
