"""Total scores of graphs by k2, differentiable in the scores."""

from __future__ import annotations

import math
from typing import Sequence

import torch
from torch import Tensor

from fsaasr.core.errors import MissingDependencyError
from fsaasr.core.stack import import_k2
from fsaasr.decode.k2_engine import IMPOSSIBLE, search_device
from fsaasr.decode.k2_lattice import WIDEST
from fsaasr.graph import DecodingGraph, to_k2


def k2_computes_on(scores: Tensor) -> bool:
    """Whether there is a k2 that can compute where the scores are."""
    try:
        return bool(search_device(import_k2(), scores) == scores.device)
    except MissingDependencyError:
        return False


def k2_totals(scores: Tensor, lengths: Sequence[int], graphs: Sequence[DecodingGraph]) -> Tensor:
    """(N,): log-sum over all paths of each utterance; -inf, without a gradient, where there is none.

    Args:
      scores: (N, T, C); k2 computes with float32, whatever they are.
      lengths, graphs: N of each, checked.
    """
    k2 = import_k2()
    device = search_device(k2, scores)
    # k2 wants the longest first.
    order = sorted(range(len(lengths)), key=lambda n: -lengths[n])
    segments = torch.tensor([[row, 0, lengths[n]] for row, n in enumerate(order)], dtype=torch.int32)
    dense = k2.DenseFsaVec(scores[order].to(device, torch.float32).clamp(min=IMPOSSIBLE), segments)
    fsas = k2.create_fsa_vec([to_k2(graphs[n]).on(device) for n in order])
    # The widest beam: all paths, as the sum is over all.
    lattice = k2.intersect_dense(fsas, dense, output_beam=WIDEST)
    totals: Tensor = lattice.get_tot_scores(use_double_scores=True, log_semiring=True)
    # Paths through what is impossible are none.
    totals = totals.masked_fill(totals.lt(IMPOSSIBLE / 2), -math.inf)
    back = torch.tensor(order).argsort().to(device)
    result: Tensor = totals[back].to(scores)
    return result
