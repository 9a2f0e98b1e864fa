"""Priors of score columns that follow a network's posteriors while it is trained."""

from __future__ import annotations

import torch
from torch import Tensor

from fsaasr.core.errors import ConfigError

FLOOR = 1e-8
"""Least prior: a column that is never posterior would else be divided by nothing."""


class RunningPriors(torch.nn.Module):
    """Hybrid scores `log p(s|x) - prior_scale * log p(s)`, p(s) an exponential average of posteriors.

    With the full-sum loss this trains hybrid models from a flat start (Zeyer et al. 2017; Raissi et al. 2022). In
    training mode each call moves the priors; in evaluation mode they stand still. They are a buffer, so `state_dict`
    has them; no gradient flows into them.

    Attributes:
      priors: float32 (C,), positive, sums to 1; uniform before the first call.
    """

    priors: Tensor

    def __init__(self, num_columns: int, prior_scale: float = 1.0, decay: float = 0.99) -> None:
        """Starts at uniform priors.

        Args:
          num_columns: C >= 1.
          prior_scale: of the priors' logs, >= 0.
          decay: what stays of the average with each batch, in 0 .. 1, 1 left out.

        Raises:
          ConfigError: a value out of range.
        """
        super().__init__()
        if num_columns < 1 or not 0.0 <= prior_scale < float("inf") or not 0.0 <= decay < 1.0:
            raise ConfigError(
                f"RunningPriors: num_columns {num_columns}, prior_scale {prior_scale}, decay {decay}; "
                "expected >= 1, >= 0, and 0 <= decay < 1"
            )
        self.prior_scale = prior_scale
        self.decay = decay
        self.register_buffer("priors", torch.full((num_columns,), 1.0 / num_columns))

    def forward(self, log_posteriors: Tensor, lengths: Tensor) -> Tensor:
        """Scores (N, T, C) of log posteriors (N, T, C), of which `lengths` (N,) frames count."""
        if self.training:
            self._follow(log_posteriors.detach(), lengths)
        scores: Tensor = log_posteriors - self.prior_scale * self.priors.clamp(min=FLOOR).log().to(log_posteriors)
        return scores

    def _follow(self, log_posteriors: Tensor, lengths: Tensor) -> None:
        inside = torch.arange(log_posteriors.shape[1], device=log_posteriors.device) < lengths.to(
            log_posteriors.device
        ).unsqueeze(1)
        mean = log_posteriors[inside].exp().mean(dim=0).to(self.priors)
        # Not in place: the graph of an earlier call may still need the old values.
        self.priors = self.decay * self.priors + (1.0 - self.decay) * mean / mean.sum()
