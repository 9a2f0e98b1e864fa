"""Minimum word error rate: the expected errors of a list of hypotheses, differentiable in the scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from fsaasr.core.errors import TrainingError
from fsaasr.core.scores import FloatArray
from fsaasr.graph import DecodingGraph
from fsaasr.train.full_sum import FullSumOptions, check_graph_batch, total_scores

DEFAULTS = FullSumOptions()


@dataclass(frozen=True, eq=False)
class HypothesisList:
    """What could have been said in one utterance.

    Attributes:
      graphs: K, of the hypotheses' words.
      language_scores: float32 (K,), log probabilities of the words.
      errors: float32 (K,), word errors of each.
      reference: which of them is the transcript, or -1.

    Raises:
      TrainingError: none, or not as many of each.
    """

    graphs: Tuple[DecodingGraph, ...]
    language_scores: FloatArray
    errors: FloatArray
    reference: int = -1

    def __post_init__(self) -> None:
        count = len(self.graphs)
        if not count or self.language_scores.shape != (count,) or self.errors.shape != (count,):
            raise TrainingError(
                f"HypothesisList: {count} graphs, language scores {self.language_scores.shape}, errors "
                f"{self.errors.shape}; give one of each for every hypothesis, and at least one"
            )


@dataclass(frozen=True, eq=False)
class ListTerms:
    """What `mwer_terms` gives.

    Attributes:
      risk: (N,), expected word errors.
      best: N, place of the most probable hypothesis.
      reference: (N,), -log p(transcript), 0 where the list lacks it.
    """

    risk: Tensor
    best: Tuple[int, ...]
    reference: Tensor


def mwer_loss(
    scores: Tensor,
    lengths: Tensor,
    lists: Sequence[HypothesisList],
    ids: Optional[Sequence[str]] = None,
    options: FullSumOptions = DEFAULTS,
) -> Tensor:
    """Expected word errors of each utterance's hypotheses (Shannon 2017; Prabhavalkar et al. 2018).

    A hypothesis weighs the sum over its alignments times its words' probability; weights sum to 1 in each list.

    Args:
      scores: (N, T, C) log scores, scaled as they are to count against the language scores.
      lengths: int (N,).
      lists: N.
      ids: N, for messages.
      options: as for `full_sum_loss`.

    Returns:
      (N,).

    Raises:
      As `full_sum_loss`.
    """
    return mwer_terms(scores, lengths, lists, ids, options).risk


def mwer_terms(
    scores: Tensor,
    lengths: Tensor,
    lists: Sequence[HypothesisList],
    ids: Optional[Sequence[str]] = None,
    options: FullSumOptions = DEFAULTS,
) -> ListTerms:
    """As `mwer_loss`, with what else the list says."""
    sizes = [len(entry.graphs) for entry in lists]
    owner = torch.arange(len(lists)).repeat_interleave(torch.tensor(sizes))
    names = tuple(map(str, range(len(lists)))) if ids is None else tuple(ids)
    repeated = scores[owner.to(scores.device)]
    batch = check_graph_batch(
        repeated,
        lengths.cpu()[owner],
        [graph for entry in lists for graph in entry.graphs],
        [names[n] for n in owner.tolist()],
        "mwer_loss",
    )
    totals = total_scores(repeated, batch, options)
    totals = totals + torch.from_numpy(np.concatenate([entry.language_scores for entry in lists])).to(totals)
    risks, references, best = [], [], []
    for entry, weights in zip(lists, totals.split(sizes)):
        log_probs = weights.log_softmax(dim=0)
        risks.append(log_probs.exp() @ torch.from_numpy(entry.errors).to(log_probs))
        references.append(-log_probs[entry.reference] if entry.reference >= 0 else log_probs.new_zeros(()))
        best.append(int(log_probs.detach().argmax()))
    return ListTerms(torch.stack(risks), tuple(best), torch.stack(references))
