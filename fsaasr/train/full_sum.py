"""The full-sum loss: minus the log-sum over all paths of each utterance's graph, differentiable in the scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Sequence, Tuple, cast

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fsaasr.core.errors import ConfigError, TrainingError
from fsaasr.decode.batch import over_utterances
from fsaasr.decode.dead_ends import explain_no_path
from fsaasr.decode.forward_backward import sum_paths
from fsaasr.decode.search_tables import check_columns, checked_matrix
from fsaasr.decode.sum_tables import sum_tables
from fsaasr.graph import DecodingGraph
from fsaasr.train.full_sum_k2 import k2_computes_on, k2_totals

BACKENDS = ("auto", "native", "k2")
NO_PATH = ("raise", "inf")


@dataclass(frozen=True)
class FullSumOptions:
    """How losses over graphs are computed.

    Attributes:
      backend: `native`; `k2`; or `auto`: k2 for scores on a GPU where k2 can compute there, else native.
      no_path: an utterance without any path, e.g. of too few frames, is an error (`raise`), or has an infinite loss
        and no gradient (`inf`), as torch's CTC loss has it.
      threads: of the native backend; the result does not depend on them. None: as many as torch uses.

    Raises:
      ConfigError: a value that is none of these.
    """

    backend: str = "auto"
    no_path: str = "raise"
    threads: Optional[int] = None

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS or self.no_path not in NO_PATH:
            raise ConfigError(
                f"FullSumOptions: backend {self.backend!r} and no_path {self.no_path!r}; "
                f"expected one of {', '.join(BACKENDS)}, and one of {', '.join(NO_PATH)}"
            )


def full_sum_loss(
    scores: Tensor,
    lengths: Tensor,
    graphs: Sequence[DecodingGraph],
    ids: Optional[Sequence[str]] = None,
    options: FullSumOptions = FullSumOptions(),
) -> Tensor:
    """Minus the log-sum of the scores of all paths, of each utterance; graph scores count.

    On the graph of a CTC transcript it is the CTC loss (Graves et al. 2006), on that of an HMM's the likelihood of
    Baum-Welch training. Its gradient is minus the posterior of each column at each frame, and 0 on padding.

    Args:
      scores: (N, T, C) log scores, float32 or float64, finite or -inf. Sums are float64 whatever they are.
      lengths: int (N,): frames of each utterance, 1 .. T.
      graphs: N, without cycles of input epsilons; small, as transcripts' graphs are: time T * A, memory 16 * T * S
        bytes for each thread. The same object may stand for several utterances.
      ids: N, for messages; by default "0", "1", ...
      options: backend, what to do without a path, threads.

    Returns:
      (N,), of the scores' type and device.

    Raises:
      TrainingError: shapes that do not fit, or an utterance without a path; names it.
      ScoresError, GraphError: scores with NaN or +inf, a malformed graph, or one of other columns.
      MissingDependencyError: backend k2 without k2.
    """
    batch = check_graph_batch(scores, lengths, graphs, ids, "full_sum_loss")
    return -total_scores(scores, batch, options)


@dataclass(frozen=True, eq=False)
class GraphBatch:
    """Utterances with their graphs.

    Attributes:
      lengths: N. graphs: N. ids: N.
    """

    lengths: Tuple[int, ...]
    graphs: Tuple[DecodingGraph, ...]
    ids: Tuple[str, ...]


def check_graph_batch(
    scores: Tensor, lengths: Tensor, graphs: Sequence[DecodingGraph], ids: Optional[Sequence[str]], function: str
) -> GraphBatch:
    """Raises TrainingError for shapes that do not fit, GraphError or ScoresError for a graph of other columns."""
    if scores.ndim != 3 or scores.dtype not in (torch.float32, torch.float64):
        raise TrainingError(
            f"{function}: scores are {scores.dtype} {tuple(scores.shape)}, expected float32 or float64 (N, T, C)"
        )
    frames = tuple(lengths.tolist())
    names = tuple(map(str, range(len(graphs)))) if ids is None else tuple(ids)
    if not len(scores) == len(frames) == len(graphs) == len(names):
        raise TrainingError(
            f"{function}: scores of {len(scores)} utterances, {len(frames)} lengths, {len(graphs)} graphs, "
            f"{len(names)} ids; give one of each for every utterance"
        )
    for name, length, graph in zip(names, frames, graphs):
        if not 1 <= length <= scores.shape[1]:
            raise TrainingError(f"{function}: utterance {name!r} has length {length}, expected 1 to {scores.shape[1]}")
        check_columns(graph, scores.shape[2])
    return GraphBatch(frames, tuple(graphs), names)


def total_scores(scores: Tensor, batch: GraphBatch, options: FullSumOptions) -> Tensor:
    """(N,): each utterance's log-sum over paths, differentiable in the scores; -inf or TrainingError without a path."""
    if options.backend == "k2" or (options.backend == "auto" and scores.is_cuda and k2_computes_on(scores)):
        totals = k2_totals(scores, batch.lengths, batch.graphs)
    else:
        totals = cast(Tensor, _NativeTotals.apply(scores, batch, options.threads or torch.get_num_threads()))
    if options.no_path == "raise" and bool(torch.isneginf(totals.detach()).any()):
        n = int(torch.isneginf(totals.detach()).nonzero()[0])
        matrix = scores[n, : batch.lengths[n]].detach().cpu().numpy()
        raise TrainingError(f"full sum: {explain_no_path(batch.graphs[n], matrix, batch.ids[n])}")
    return totals


class _NativeTotals(torch.autograd.Function):
    """The gradient of a total is the columns' occupancy, which is computed with it."""

    @staticmethod
    def forward(context: Any, scores: Tensor, batch: GraphBatch, threads: int) -> Tensor:
        matrices = scores.detach().cpu().contiguous().numpy()
        occupancy = np.zeros_like(matrices)
        totals = np.empty(len(matrices))

        def sum_one(n: int) -> None:
            matrix = checked_matrix(matrices[n, : batch.lengths[n]], batch.ids[n])
            found = sum_paths(sum_tables(batch.graphs[n]), matrix, batch.ids[n])
            totals[n] = found.total
            occupancy[n, : batch.lengths[n]] = found.column_occupancy

        over_utterances(sum_one, len(matrices), threads)
        context.save_for_backward(torch.from_numpy(occupancy).to(scores.device))
        result: Tensor = torch.from_numpy(totals).to(scores)
        return result

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(context: Any, *gradients: Tensor) -> Tuple[Tensor, None, None]:
        (occupancy,) = context.saved_tensors
        return gradients[0][:, None, None] * occupancy, None, None
