"""`InternalTokenLm`: what a transducer has learned of the language itself."""

from __future__ import annotations

from typing import List, Sequence, Tuple

import torch
from torch import Tensor

from fsaasr.decode.fusion import Float64
from fsaasr.decode.transducer.joint import JointModel

State = Tuple[Tensor, Tensor]


class InternalTokenLm:
    """A `TokenLm`: predictor and joiner when the encoder says nothing (Variani et al. 2020; Meng et al. 2021).

    Probabilities are those of tokens without blank, renormalized. A transducer knows no end: column 0 is 0.

    Attributes:
      context: of the predictor.
      start: the predictor's vector and state before the first token.
    """

    def __init__(self, model: JointModel, silent: Tensor) -> None:
        """Args:
        model: predictor and joiner. silent: (1, J), the encoder's side of the joiner for an output of zeros.
        """
        self._model, self._silent, self.context = model, silent, model.context
        with torch.no_grad():
            vector, state = model.start()
        self.start: State = (vector[0], state[0])

    def scores(self, states: Sequence[State]) -> Float64:
        """As `TokenLm.scores`."""
        predicted = torch.stack([vector for vector, _ in states])
        with torch.no_grad():
            rows = self._model.log_probs(self._silent.expand(len(states), -1), predicted).double()
        tokens = rows[:, 1:].log_softmax(dim=1)
        scores: Float64 = torch.cat([rows.new_zeros(len(states), 1), tokens], dim=1).cpu().numpy()
        return scores

    def advance(self, states: Sequence[State], tokens: Sequence[int]) -> List[State]:
        """As `TokenLm.advance`."""
        before = torch.stack([state for _, state in states])
        with torch.no_grad():
            vectors, following = self._model.extend(before, torch.tensor(list(tokens), device=before.device))
        return list(zip(vectors, following))
