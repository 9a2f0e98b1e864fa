"""`Fusion`: language models of tokens and a reward for tokens, added to the scores of a model that says tokens."""

from __future__ import annotations

import math
from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import ConfigError, GrammarError
from fsaasr.decode.token_lm import TokenLm

Float64 = npt.NDArray[np.float64]

ESTIMATES = ("zero", "average")
"""Of a model's internal language model: what it says when it hears zeros, or the mean of the utterance."""


class Fusion:
    """Shallow fusion of any number of language models (Gulcehre et al. 2015).

    A negative scale takes scores away: of a model of the training text (density ratio, McDermott et al. 2019), or of
    one of low order (LODR, Zheng et al. 2022). `internal` takes away what the acoustic model itself has learned of the
    language. A scale of 0 is no model at all.
    """

    def __init__(
        self,
        models: Sequence[Tuple[TokenLm, float]] = (),
        reward: float = 0.0,
        internal: Optional[Tuple[str, float]] = None,
    ) -> None:
        """Args:
          models: language models, each with the scale of its log probabilities.
          reward: added for each token.
          internal: one of `ESTIMATES` of the acoustic model's own language model, which the search makes, and the scale
            with which it is subtracted.

        Raises:
          ConfigError: a scale or reward that is not finite, or another estimate.
        """
        scales = [scale for _, scale in models] + ([] if internal is None else [internal[1]])
        if not all(math.isfinite(value) for value in (reward, *scales)):
            raise ConfigError(f"Fusion: scales {scales}, reward {reward}; expected finite numbers")
        if internal is not None and internal[0] not in ESTIMATES:
            raise ConfigError(f"Fusion: internal language model {internal[0]!r}; expected {' or '.join(ESTIMATES)}")
        self._models = tuple((model, scale) for model, scale in models if scale)
        self._reward, self._internal = reward, internal if internal is not None and internal[1] else None

    def __bool__(self) -> bool:
        """Whether it changes any score."""
        return bool(self._models or self._reward or self._internal)

    def with_internal(self, make: Callable[[str], TokenLm]) -> Fusion:
        """The fusion with the internal language model that `make` makes of an estimate's name, if it asks for one."""
        if self._internal is None:
            return self
        estimate, scale = self._internal
        return Fusion([*self._models, (make(estimate), -scale)], self._reward)

    @property
    def context(self) -> Optional[int]:
        """Number of last tokens that scores depend on; None for all."""
        contexts = [model.context for model, _ in self._models]
        return None if None in contexts else max((context for context in contexts if context is not None), default=0)

    @property
    def may_gain(self) -> bool:
        """Whether one more token can raise a score, which log probabilities alone never do."""
        if self._reward > 0 or self._internal is not None:
            return True
        return any(scale < 0 or getattr(model, "may_gain", False) for model, scale in self._models)

    @property
    def start(self) -> Tuple[Any, ...]:
        """State before the first token."""
        return tuple(model.start for model, _ in self._models)

    def scores(self, states: Sequence[Tuple[Any, ...]], columns: int) -> Float64:
        """float64 (M, C): what is added for the end (column 0) and each token in each of M states.

        Raises:
          GrammarError: a model that is subtracted gives a token probability 0, so that nothing would outdo the token.
          ConfigError: the internal language model has not been made.
        """
        if self._internal is not None:
            raise ConfigError("Fusion: the internal language model has not been made; call with_internal before")
        total = np.full((len(states), columns), self._reward)
        total[:, 0] = 0.0
        for place, (model, scale) in enumerate(self._models):
            scores = model.scores([state[place] for state in states])
            if scale < 0 and np.isneginf(scores).any():
                raise GrammarError(
                    f"Fusion: a model with scale {scale:g} gives column {int(np.argwhere(np.isneginf(scores))[0, 1])} "
                    "probability 0, so it cannot be subtracted; take a model that smooths"
                )
            total += scale * scores
        return total

    def advance(self, states: Sequence[Tuple[Any, ...]], labels: Sequence[int]) -> List[Tuple[Any, ...]]:
        """Next state of each of M states behind its token."""
        sides = [model.advance([state[k] for state in states], labels) for k, (model, _) in enumerate(self._models)]
        return [tuple(side[m] for side in sides) for m in range(len(states))]


ALONE = Fusion()
"""The acoustic model's own scores."""
