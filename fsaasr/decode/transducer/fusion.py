"""`Fusion`: language models and a reward for tokens, added to a transducer's scores."""

from __future__ import annotations

import math
from typing import Any, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import ConfigError
from fsaasr.decode.token_lm import TokenLm

Float64 = npt.NDArray[np.float64]


class Fusion:
    """Shallow fusion of any number of language models (Gulcehre et al. 2015).

    A negative scale takes a model's scores away: with a model of low order of the training text this is LODR (Zheng et
    al. 2022), with one that imitates the transducer's own predictor it subtracts the internal language model.
    """

    def __init__(self, models: Sequence[Tuple[TokenLm, float]] = (), reward: float = 0.0) -> None:
        """Args:
          models: language models, each with the scale of its log probabilities.
          reward: added for each token.

        Raises:
          ConfigError: a scale or reward that is not finite.
        """
        if not all(math.isfinite(value) for value in (reward, *(scale for _, scale in models))):
            raise ConfigError(
                f"Fusion: scales {[scale for _, scale in models]}, reward {reward}; expected finite numbers"
            )
        self._models, self._reward = tuple(models), reward

    @property
    def may_gain(self) -> bool:
        """Whether one more token can raise a score, which log probabilities alone never do."""
        return self._reward > 0 or any(scale < 0 for _, scale in self._models)

    @property
    def start(self) -> Tuple[Any, ...]:
        """State before the first token."""
        return tuple(model.start for model, _ in self._models)

    def scores(self, states: Sequence[Tuple[Any, ...]], columns: int) -> Float64:
        """float64 (M, C): what is added for the end (column 0) and each token in each of M states."""
        total = np.full((len(states), columns), self._reward)
        total[:, 0] = 0.0
        for place, (model, scale) in enumerate(self._models):
            total += scale * model.scores([state[place] for state in states])
        return total

    def advance(self, states: Sequence[Tuple[Any, ...]], labels: Sequence[int]) -> List[Tuple[Any, ...]]:
        """Next state of each of M states behind its token."""
        sides = [model.advance([state[k] for state in states], labels) for k, (model, _) in enumerate(self._models)]
        return [tuple(side[m] for side in sides) for m in range(len(states))]
