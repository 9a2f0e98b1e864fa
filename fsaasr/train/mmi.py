"""Lattice-free maximum mutual information: numerators against one denominator graph, both summed over all paths."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Optional, Sequence

import numpy as np
import torch
from torch import Tensor

from fsaasr.core.errors import ConfigError
from fsaasr.graph import DecodingGraph
from fsaasr.train.full_sum import FullSumOptions, GraphBatch, check_graph_batch, total_scores


@dataclass(frozen=True)
class MmiOptions(FullSumOptions):
    """As `FullSumOptions`, with:

    Attributes:
      boost: >= 0; what the denominator's score of a column loses at a frame for each unit of its numerator posterior,
        so that what differs from the transcript weighs more (Povey et al. 2008, with the numerator's frames as soft
        reference). 0 for plain MMI.
    """

    boost: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.boost < np.inf:
            raise ConfigError(f"MmiOptions: boost is {self.boost}, expected a number >= 0")


def mmi_loss(
    scores: Tensor,
    lengths: Tensor,
    numerators: Sequence[DecodingGraph],
    denominator: DecodingGraph,
    ids: Optional[Sequence[str]] = None,
    options: MmiOptions = MmiOptions(),
) -> Tensor:
    """Log-sum over the denominator's paths minus that over the numerator's, of each utterance (Povey et al. 2016).

    Its gradient is the denominator's posterior of each column and frame minus the numerator's. Where each numerator's
    paths are some of the denominator's, with the same scores (`with_denominator_scores`), the unboosted loss is >= 0.

    Args:
      scores: (N, T, C) log scores, float32 or float64; they need not be normalized.
      lengths: int (N,): frames of each utterance.
      numerators: N graphs of transcripts.
      denominator: one graph for all, e.g. of `denominator_graph`, made `leaky` or not.
      ids: N, for messages.
      options: boost, and as for `full_sum_loss`.

    Returns:
      (N,); infinite, without a gradient, where `no_path="inf"` and either graph has no path.

    Raises:
      As `full_sum_loss`.
    """
    return mmi_terms(scores, check_graph_batch(scores, lengths, numerators, ids, "mmi_loss"), denominator, options).loss


class MmiTerms(NamedTuple):
    """What `mmi_terms` gives.

    Attributes:
      loss: (N,), as of `mmi_loss`.
      posterior: (N, T, C), the numerators' posterior of each column and frame; a constant.
    """

    loss: Tensor
    posterior: Tensor


def mmi_terms(scores: Tensor, above: GraphBatch, denominator: DecodingGraph, options: MmiOptions) -> MmiTerms:
    """As `mmi_loss`, of checked numerators; with what the numerators say of each frame, which costs nothing more."""
    with torch.enable_grad():
        watched = scores if scores.requires_grad else scores.detach().requires_grad_()
        said = total_scores(watched, above, options)
        (posterior,) = torch.autograd.grad(said.sum(), watched, retain_graph=True)
    if not scores.requires_grad:
        said = said.detach()
    boosted = scores if options.boost == 0.0 else torch.sub(scores, posterior, alpha=options.boost)
    below = replace(above, graphs=(denominator,) * len(above.graphs))
    everything = total_scores(boosted, below, options)
    found = torch.isfinite(said.detach()) & torch.isfinite(everything.detach())
    loss: Tensor = torch.where(found, everything - said, torch.full_like(said, np.inf))
    return MmiTerms(loss, posterior)
