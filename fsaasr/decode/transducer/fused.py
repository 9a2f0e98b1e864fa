"""`FusedModel`: a transducer with language models, for searches that know of the transducer alone."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

import torch
from torch import Tensor

from fsaasr.decode.fusion import Float64, Fusion
from fsaasr.decode.transducer.joint import JointModel


class FusedModel:
    """A `JointModel` whose log probabilities of tokens have a fusion's scores added; those of blank stay.

    A predicted vector is the transducer's and behind it what the fusion adds for the end and each token, (B, J + C); a
    state is the transducer's and behind it the number of the fusion's.

    Attributes:
      num_columns: C.
      context: the longer one of both sides.
      may_gain: whether a token can raise a score.
    """

    def __init__(self, model: JointModel, fusion: Fusion, acoustic_scale: float = 1.0) -> None:
        """Args:
        model: of C columns. fusion: of its tokens, without an internal language model that is still to be made.
        acoustic_scale: by which the search multiplies log probabilities; the fusion's are divided by it.
        """
        self._model, self._fusion, self._scale = model, fusion, acoustic_scale
        self._states: List[Tuple[Any, ...]] = [fusion.start]
        self.num_columns, self.may_gain = model.num_columns, fusion.may_gain
        both = (model.context, fusion.context)
        self.context: Optional[int] = None if None in both else max(context or 0 for context in both)

    def start(self) -> Tuple[Tensor, Tensor]:
        """As `JointModel.start`."""
        vector, state = self._model.start()
        return self._joined(vector, state, 0)

    def extend(self, states: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
        """As `JointModel.extend`."""
        vectors, following = self._model.extend(states[:, :-1], labels)
        before = [self._states[number] for number in states[:, -1].to(torch.int64).tolist()]
        first = len(self._states)
        self._states += self._fusion.advance(before, labels.tolist())
        return self._joined(vectors, following, first)

    def _joined(self, vectors: Tensor, states: Tensor, first: int) -> Tuple[Tensor, Tensor]:
        """Both sides' vectors and states; those of the fusion are numbered from `first`."""
        numbers = torch.arange(first, first + len(states), device=states.device).to(states.dtype)
        rows = self._fusion.scores(self._states[first : first + len(states)], self.num_columns) / self._scale
        added = torch.from_numpy(rows).to(vectors)
        return torch.cat([vectors, added], dim=1), torch.cat([states, numbers[:, None]], dim=1)

    def log_probs(self, encoded: Tensor, predicted: Tensor) -> Tensor:
        """As `JointModel.log_probs`; no log probabilities any more, but scores."""
        size = predicted.shape[1] - self.num_columns
        own = self._model.log_probs(encoded, predicted[:, :size])
        return torch.cat([own[:, :1], own[:, 1:] + predicted[:, size + 1 :]], dim=1)

    def end_scores(self, predicted: Tensor) -> Float64:
        """float64 (B,): what the fusion adds for the end behind each history, not divided by the acoustic scale."""
        ends: Float64 = predicted[:, predicted.shape[1] - self.num_columns].double().cpu().numpy()
        return ends * self._scale
