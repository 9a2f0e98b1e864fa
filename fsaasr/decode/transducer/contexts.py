"""`Contexts`: token histories as numbers, each history's predictor vector computed once, many together."""

from __future__ import annotations

from typing import Dict, List, Tuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fsaasr.decode.transducer.joint import JointModel

IntArray = npt.NDArray[np.int64]


class Contexts:
    """What a predictor can tell apart: the last few tokens of a history, or all of it.

    Number 0 is the history without tokens. Searches that share one object share its work. Grows with the histories
    that were asked for; make a new one for every batch.
    """

    def __init__(self, model: JointModel) -> None:
        """Args:
        model: its predictor is asked.
        """
        self._model = model
        self._keys: Dict[Tuple[int, ...], int] = {}
        self._tails: List[Tuple[int, ...]] = [(0,) * (model.context or 0)]
        if model.context is not None:
            self._keys[self._tails[0]] = 0
        with torch.no_grad():
            self._vectors, self._states = model.start()
        self._waiting: List[Tuple[int, int]] = []

    def __len__(self) -> int:
        """Histories so far."""
        return len(self._tails)

    def extend(self, contexts: npt.ArrayLike, labels: npt.ArrayLike) -> IntArray:
        """The histories with one more token each, 1 .. V."""
        pairs = zip(np.asarray(contexts).tolist(), np.asarray(labels).tolist())
        return np.array([self._extended(context, label) for context, label in pairs], dtype=np.int64)

    def _extended(self, context: int, label: int) -> int:
        tail = (*self._tails[context], label)[1:]
        key = (context, label) if self._model.context is None else tail
        number = self._keys.setdefault(key, len(self._tails))
        if number == len(self._tails):
            self._tails.append(tail)
            self._waiting.append((context, label))
        return number

    def vectors(self, contexts: npt.ArrayLike) -> Tensor:
        """The predictor's vectors (B, J) of some histories."""
        self._catch_up()
        numbers = torch.as_tensor(np.asarray(contexts, dtype=np.int64), device=self._vectors.device)
        return torch.index_select(self._vectors, 0, numbers)

    def _catch_up(self) -> None:
        """Computes the vectors that are missing; those of longer histories after those that they continue."""
        while self._waiting:
            known = len(self._vectors)
            ready = next((i for i, (before, _) in enumerate(self._waiting) if before >= known), len(self._waiting))
            before, labels = torch.tensor(self._waiting[:ready], device=self._vectors.device).T
            with torch.no_grad():
                vectors, states = self._model.extend(self._states[before], labels)
            self._vectors, self._states = torch.cat([self._vectors, vectors]), torch.cat([self._states, states])
            del self._waiting[:ready]
