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
    with ThreadPoolExecutor(max_workers=min(threads, count)) as pool:
        return list(pool.map(function, range(count)))


def utterance(scores: Scores, n: int) -> Utterance:
    """Utterance `n` of a batch without its padding."""
    return Utterance(scores.ids[n], scores.utterance(n), scores.frame_shift)
