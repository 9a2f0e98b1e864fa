"""Searches as coroutines: each asks for scores and goes on with the answer, so that a batch is answered at once.

A search of one utterance is plain sequential code with `yield`; how many run together, and on what device the joiner
computes, is not its affair, and changes nothing in it.
"""

from __future__ import annotations

from typing import Dict, Generator, List, NamedTuple, Sequence, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fsaasr.decode.transducer.contexts import Contexts, IntArray
from fsaasr.decode.transducer.joint import JointModel

Float64 = npt.NDArray[np.float64]
Result = TypeVar("Result")


class Ask(NamedTuple):
    """Asks for log probabilities (B, C): of frames int64 (B,), after histories int64 (B,)."""

    frames: IntArray
    contexts: IntArray


Asking = Generator[Ask, Float64, Result]
"""A search that is under way, and what it will give."""


def answer(
    model: JointModel, contexts: Contexts, encoded: Sequence[Tensor], searches: Sequence[Asking[Result]]
) -> List[Result]:
    """Runs N searches to their ends.

    Args:
      model: predictor and joiner.
      contexts: of that model; the histories that the searches name.
      encoded: N (T_n, J): the frames that each search speaks of.
      searches: N.
    """
    results: Dict[int, Result] = {}
    asks: Dict[int, Ask] = {}
    for n, search in enumerate(searches):
        _go_on(n, search, None, asks, results)
    while asks:
        numbers = list(asks)
        frames = torch.cat([encoded[n][torch.from_numpy(asks[n].frames).to(encoded[n].device)] for n in numbers])
        vectors = contexts.vectors(np.concatenate([asks[n].contexts for n in numbers]))
        with torch.no_grad():
            rows = model.log_probs(frames, vectors).double().cpu().numpy()
        ends = np.cumsum([len(asks[n].frames) for n in numbers])
        for n, answered in zip(numbers, np.split(rows, ends[:-1])):
            _go_on(n, searches[n], answered, asks, results)
    return [results[n] for n in range(len(searches))]


def _go_on(n: int, search: Asking[Result], answered: object, asks: Dict[int, Ask], results: Dict[int, Result]) -> None:
    try:
        asks[n] = search.send(answered)  # type: ignore[arg-type]
    except StopIteration as stop:
        asks.pop(n, None)
        results[n] = stop.value
