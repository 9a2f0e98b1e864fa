"""The transducer loss: minus the log-sum over all ways to spread a label sequence over the frames. Graves 2012."""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence, Tuple, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fsaasr.core.errors import TrainingError
from fsaasr.train.transducer_batch import TransducerBatch, checked_batch
from fsaasr.train.transducer_lattice import Occupancy

Joiner = Callable[[Tensor, Tensor], Tensor]
"""Encoder frames (t, 1, E) and predictor outputs (u, P) to logits (t, u, C); a function of its parameters alone."""


def transducer_loss(
    logits: Tensor,
    labels: Tensor,
    frames: Tensor,
    counts: Tensor,
    topology: str = "regular",
    ids: Optional[Sequence[str]] = None,
) -> Tensor:
    """Minus log p(labels | features) of each utterance, with its exact gradient.

    The softmax over columns is part of the loss, and its normalizer never kept: beside the logits, memory goes to six
    arrays (N, T, U + 1) in float64, and to the gradient when that is computed. Padding costs no time.

    Args:
      logits: (N, T, U + 1, C) float32 or float64, any real numbers; column 0 is blank. Entry [n, t, u] is of
        frame t after u labels.
      labels: int (N, U), 1 .. C - 1.
      frames: int (N,), 1 .. T. counts: int (N,), 0 .. U: labels of each utterance.
      topology: `regular` or `one-per-frame`, see `fsaasr.models.transducer.TOPOLOGIES`.
      ids: N, for messages.

    Returns:
      (N,), of the logits' type and device.

    Raises:
      TrainingError: shapes that do not fit, labels out of range, more labels than `one-per-frame` has room for;
        names the utterance.
      ConfigError: another topology.
    """
    if logits.ndim != 4 or logits.dtype not in (torch.float32, torch.float64) or logits.shape[2] != 1 + labels.shape[1]:
        raise TrainingError(
            f"transducer_loss: logits are {logits.dtype} {tuple(logits.shape)} with labels {tuple(labels.shape)}, "
            "expected float32 or float64 (N, T, U + 1, C) with (N, U)"
        )
    most = len(logits), logits.shape[1], logits.shape[3]
    batch = checked_batch(labels, frames, counts, most, topology, ids, "transducer_loss")
    return cast(Tensor, _OfLogits.apply(logits, batch))


def joint_transducer_loss(
    encoded: Tensor,
    predicted: Tensor,
    joiner: Joiner,
    parameters: Sequence[Tensor],
    labels: Tensor,
    frames: Tensor,
    counts: Tensor,
    topology: str = "regular",
    ids: Optional[Sequence[str]] = None,
) -> Tensor:
    """`transducer_loss` of `joiner(encoded, predicted)`, whose logits exist for one small piece at a time.

    Memory is that of six arrays (N, T, U + 1) whatever C is; the price is that the joiner runs twice.

    Args:
      encoded: (N, T, E) of the encoder. predicted: (N, U + 1, P) of the prediction network, after u labels.
      joiner: see `Joiner`.
      parameters: what the joiner depends on, for gradients.
      labels, frames, counts, topology, ids: as `transducer_loss`.

    Returns, raises: as `transducer_loss`.
    """
    if encoded.ndim != 3 or predicted.ndim != 3 or predicted.shape[1] != 1 + labels.shape[1]:
        raise TrainingError(
            f"joint_transducer_loss: encoded {tuple(encoded.shape)}, predicted {tuple(predicted.shape)}, labels "
            f"{tuple(labels.shape)}; expected (N, T, E), (N, U + 1, P), (N, U)"
        )
    with torch.no_grad():
        columns = joiner(encoded[0, :1, None], predicted[0, :1]).shape[2]
    most = len(encoded), encoded.shape[1], columns
    batch = checked_batch(labels, frames, counts, most, topology, ids, "joint_transducer_loss")
    return cast(Tensor, _OfJoiner.apply(encoded, predicted, joiner, columns, batch, *parameters))


class _OfLogits(torch.autograd.Function):
    """Keeps posteriors of the steps, from which the gradient follows with one more softmax."""

    @staticmethod
    def forward(context: Any, logits: Tensor, batch: TransducerBatch) -> Tensor:
        found = batch.occupancy(lambda *piece: logits[piece], logits, logits.shape[3])
        context.batch = batch
        context.save_for_backward(logits, found.total, found.blank, found.label)
        return -found.total

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(context: Any, *gradients: Tensor) -> Tuple[Tensor, None]:
        logits, *found = context.saved_tensors
        slopes = torch.zeros_like(logits)
        for piece in context.batch.pieces(logits.shape[3]):
            slopes[piece] = context.batch.slope(logits[piece], Occupancy(*found), piece, gradients[0][piece[0]])
        return slopes, None


class _OfJoiner(torch.autograd.Function):
    """As `_OfLogits`, computing the logits of a piece when they are needed, and again for the gradient."""

    @staticmethod
    def forward(
        context: Any,
        encoded: Tensor,
        predicted: Tensor,
        joiner: Joiner,
        columns: int,
        batch: TransducerBatch,
        *parameters: Tensor,
    ) -> Tensor:
        def logits_of(n: int, time: slice, place: slice) -> Tensor:
            return joiner(encoded[n, time, None], predicted[n, place])

        found = batch.occupancy(logits_of, encoded, columns)
        context.batch, context.joiner, context.columns = batch, joiner, columns
        context.save_for_backward(encoded, predicted, found.total, found.blank, found.label, *parameters)
        return -found.total

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(context: Any, *gradients: Tensor) -> Tuple[Optional[Tensor], ...]:
        encoded, predicted, total, blank, label, *parameters = context.saved_tensors
        found = Occupancy(total, blank, label)
        sums = [torch.zeros_like(tensor) for tensor in (encoded, predicted, *parameters)]
        wanted = [i for i, tensor in enumerate(parameters) if tensor.requires_grad]
        for piece in context.batch.pieces(context.columns):
            n, time, place = piece
            with torch.enable_grad():
                ends = encoded[n, time].detach().requires_grad_(), predicted[n, place].detach().requires_grad_()
                logits = context.joiner(ends[0][:, None], ends[1])
            slope = context.batch.slope(logits.detach(), found, piece, gradients[0][n])
            slopes = torch.autograd.grad(logits, [*ends, *(parameters[i] for i in wanted)], slope)
            sums[0][n, time] += slopes[0]
            sums[1][n, place] += slopes[1]
            for i, more in zip(wanted, slopes[2:]):
                sums[2 + i] += more
        return (sums[0], sums[1], None, None, None, *sums[2:])
