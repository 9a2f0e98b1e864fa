"""Language models that a lattice asks word by word, and what they answered."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Protocol, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.core.symbols import SymbolTable

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


class WordLm(Protocol):
    """A model of what is said, word after word: a neural LM, an attention decoder on one utterance, an n-gram.

    A state is anything that stands for the words so far (a recurrent network's vectors, a cache of keys and values);
    it is handed back as it was given. `NgramStates` is such a model.
    """

    @property
    def start(self) -> Any:
        """State before the first word."""

    def advance(self, states: Sequence[Any], words: Sequence[str]) -> Tuple[Any, Any]:
        """Next state and natural log probability of each of M words, one for each of M states."""

    def final(self, states: Sequence[Any]) -> Any:
        """Natural log probability of the sentence's end in each of M states."""


class Histories:
    """The word histories that a model was asked for: each one once.

    History 0 is empty; each other is one before it and a word.

    Attributes:
      log_prob: of the last word of each history; grows, as `key` does.
      key: of each history, equal for histories that are not told apart.
    """

    def __init__(self, lm: WordLm, words: SymbolTable, told_apart: Optional[int]) -> None:
        """Args:
        words: of the labels. told_apart: number of last words by which histories differ; None for all.
        """
        self.lm, self.words, self.told_apart = lm, words, told_apart
        self.states: List[Any] = [lm.start]
        self.log_prob = np.zeros(1)
        self.key = np.zeros(1, dtype=np.int64)
        self._last: List[Tuple[int, ...]] = [()]
        self._keys: Dict[Tuple[int, ...], int] = {(): 0}
        self._longer: Dict[Tuple[int, int], int] = {}

    def extend(self, histories: Int64, labels: npt.NDArray[np.int32]) -> Int64:
        """The histories with one more word each; what the model was not asked before is asked, all at once."""
        pairs, place = np.unique(histories * len(self.words) + labels, return_inverse=True)
        keys = [divmod(pair, len(self.words)) for pair in pairs.tolist()]
        asked = [key for key in keys if key not in self._longer]
        if asked:
            self._ask(asked)
        return np.array([self._longer[key] for key in keys], dtype=np.int64)[place]

    def _ask(self, asked: List[Tuple[int, int]]) -> None:
        names = self.words.names_of([label for _, label in asked])
        states, scores = self.lm.advance([self.states[history] for history, _ in asked], names)
        self.log_prob = np.concatenate([self.log_prob, _checked(scores, len(asked), "advance")])
        if len(states) != len(asked):
            raise LatticeError(f"WordLm.advance: {len(states)} states for {len(asked)} words; expected one each")
        self._longer.update(zip(asked, range(len(self.states), len(self.states) + len(asked))))
        self.states.extend(states)
        self.key = np.concatenate([self.key, [self._key(history, label) for history, label in asked]])

    def _key(self, history: int, label: int) -> int:
        """Key of the next history, whose last words are appended."""
        if self.told_apart is None:
            return self._longer[history, label]
        last = (*self._last[history], label)[-self.told_apart :] if self.told_apart else ()
        self._last.append(last)
        return self._keys.setdefault(last, len(self._keys))

    def final(self, histories: Int64) -> Float64:
        """Log probability of the end behind each history, each asked once."""
        ends, place = np.unique(histories, return_inverse=True)
        scores = _checked(self.lm.final([self.states[history] for history in ends.tolist()]), len(ends), "final")
        return scores[place]


def _checked(scores: Any, count: int, function: str) -> Float64:
    values = np.asarray(scores, dtype=np.float64)
    if values.shape != (count,) or np.isnan(values).any() or np.isposinf(values).any():
        raise LatticeError(
            f"WordLm.{function}: found log probabilities of shape {values.shape}, {values[:5]} ...; expected "
            f"({count},), numbers or -inf"
        )
    return values
