"""Greedy search: the best column, frame by frame, of a whole batch at once."""

from __future__ import annotations

from typing import List

import torch
from torch import Tensor

from fsaasr.core.errors import ConfigError
from fsaasr.decode.transducer.joint import JointModel, TokenPath
from fsaasr.models.transducer.config import TOPOLOGIES

MAX_SYMBOLS = 8
"""Tokens of one frame at most, in the regular topology."""


def greedy(
    model: JointModel,
    encoded: Tensor,
    lengths: Tensor,
    topology: str = "regular",
    max_symbols: int = MAX_SYMBOLS,
) -> List[TokenPath]:
    """Follows the best column; the score is that of the one alignment found.

    Args:
      model: predictor and joiner.
      encoded: (N, T, J). lengths: int64 (N,), 1 .. T.
      topology: of `fsaasr.models.transducer.TOPOLOGIES`.
      max_symbols: after as many tokens in a frame a blank follows, whatever its score; of `regular` only.

    Raises:
      ConfigError: another topology, or no symbols.
    """
    if topology not in TOPOLOGIES or max_symbols < 1:
        raise ConfigError(
            f"greedy: topology {topology!r}, max_symbols {max_symbols}; expected one of {', '.join(TOPOLOGIES)}, >= 1"
        )
    with torch.no_grad():
        return _Following(model, encoded, lengths).through(1 if topology == "one-per-frame" else max_symbols + 1)


class _Following:
    """N hypotheses, one of each utterance."""

    def __init__(self, model: JointModel, encoded: Tensor, lengths: Tensor) -> None:
        self.model, self.encoded, self.lengths = model, encoded, lengths
        vector, state = model.start()
        self.vectors, self.states = vector.repeat(len(encoded), 1), state.repeat(len(encoded), 1)
        self.scores = torch.zeros(len(encoded), dtype=torch.float64, device=encoded.device)
        self.said: List[List[int]] = [[] for _ in range(len(encoded))]
        self.when: List[List[int]] = [[] for _ in range(len(encoded))]

    def through(self, steps: int) -> List[TokenPath]:
        """Takes up to `steps` steps in each frame; the last of several must be a blank."""
        for time in range(int(self.lengths.max())):
            staying = torch.nonzero(self.lengths.gt(time))[:, 0]
            for step in range(steps):
                staying = self._step(time, staying, step > 0 and step == steps - 1)
                if not len(staying):
                    break
        rows = zip(self.said, self.when, self.scores.tolist())
        return [TokenPath(tuple(said), tuple(when), score) for said, when, score in rows]

    def _step(self, time: int, rows: Tensor, only_blank: bool) -> Tensor:
        """One step of some hypotheses; those that say a token."""
        log_probs = self.model.log_probs(self.encoded[rows, time], self.vectors[rows])
        scores, labels = (log_probs[:, :1] if only_blank else log_probs).max(dim=1)
        self.scores[rows] += scores.double()
        speaking = labels > 0
        rows, labels = rows[speaking], labels[speaking]
        if len(rows):
            self.vectors[rows], self.states[rows] = self.model.extend(self.states[rows], labels)
            for n, label in zip(rows.tolist(), labels.tolist()):
                self.said[n].append(label)
                self.when[n].append(time)
        return rows
