"""Forward-backward over the lattice of a transducer: all ways to spread U labels over T frames, summed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import torch
from torch import Tensor

from fsaasr.core.errors import ConfigError
from fsaasr.models.transducer.config import TOPOLOGIES


@dataclass(frozen=True, eq=False)
class Occupancy:
    """What a full sum over paths found.

    Attributes:
      total: (N,) log-sum of all complete paths; -inf where there is none.
      blank: (N, T, U + 1): posterior that a path has the blank of frame t after u labels; 0 beyond an utterance.
      label: (N, T, U + 1): posterior that label u + 1 comes at frame t; 0 for u = U.
    """

    total: Tensor
    blank: Tensor
    label: Tensor

    @property
    def node(self) -> Tensor:
        """(N, T, U + 1): posterior that a path comes through frame t after u labels."""
        node: Tensor = self.blank + self.label
        return node


def sum_lattice(blank: Tensor, label: Tensor, frames: Tensor, labels: Tensor, topology: str = "regular") -> Occupancy:
    """Log-sum over all paths, and how much of it goes through each step.

    A path steps on in lock-step with one counter: of frames (`one-per-frame`), or of frames and labels together
    (`regular`), where a step means a diagonal of the lattice. So each of the two recursions is a row of T, or T + U,
    operations on (N, U + 1) numbers, on whatever device these are.

    Args:
      blank: (N, T, U + 1) log probabilities of blank at frame t after u labels.
      label: (N, T, U + 1) log probabilities of label u + 1 there; u = U is not read.
      frames: int64 (N,), 1 .. T. labels: int64 (N,), 0 .. U; what lies beyond is not read.
      topology: see `fsaasr.models.transducer.TOPOLOGIES`.

    Raises:
      ConfigError: another topology.
    """
    if topology not in TOPOLOGIES:
        raise ConfigError(f"sum_lattice: topology {topology!r}, expected one of {', '.join(TOPOLOGIES)}")
    stay, move = _steps(blank, label, frames, labels, topology)
    alpha, beta = _forward(stay, move), _backward(stay, move, labels)
    total = beta[0, :, 0]
    # Where there is no path, the difference of infinities is none of its posteriors.
    share = torch.where(total.isneginf(), torch.zeros_like(total), total)[:, None]
    stay = (alpha[:-1] + stay + beta[1:, :, :-1] - share).exp_()
    move = (alpha[:-1] + move + beta[1:, :, 1:] - share).exp_()
    blank_share = _unskewed(stay, blank.shape[1], topology)
    # The steps that fill an utterance up to the length of the longest are no blanks.
    blank_share = blank_share * (torch.arange(blank.shape[1], device=blank.device)[:, None] < frames[:, None, None])
    return Occupancy(total, blank_share, _unskewed(move, blank.shape[1], topology))


def _steps(blank: Tensor, label: Tensor, frames: Tensor, labels: Tensor, topology: str) -> Tuple[Tensor, Tensor]:
    """Scores (K, N, U + 1) of the steps that keep and that raise the number of labels; -inf beyond an utterance.

    An utterance that is at its end early waits there, at no cost.
    """
    count, places = blank.shape[1:]
    time = torch.arange(count, device=blank.device)[:, None]
    place = torch.arange(places, device=blank.device)
    inside = (time < frames[:, None, None]) & (place <= labels[:, None, None])
    stay = _skewed(blank.masked_fill(~inside, -torch.inf), topology)
    move = _skewed(label.masked_fill(~(inside & (place < labels[:, None, None])), -torch.inf), topology)
    taken = frames if topology == "one-per-frame" else frames + labels
    step = torch.arange(len(stay), device=blank.device)[:, None, None]
    waiting = (step >= taken[:, None]) & (place == labels[:, None])
    return torch.where(waiting, torch.zeros_like(stay), stay), move


def _skewed(values: Tensor, topology: str) -> Tensor:
    """(N, T, U + 1) to (K, N, U + 1), the step first: that of frame t and place u is t, or t + u."""
    steps = torch.transpose(values, 0, 1)
    if topology == "one-per-frame":
        return steps
    count, utterances, places = steps.shape
    skewed = _nothing(values, count + places - 1, utterances, places)
    _diagonals(skewed, count).copy_(steps)
    return skewed


def _unskewed(steps: Tensor, frames: int, topology: str) -> Tensor:
    """The inverse of `_skewed`."""
    return torch.transpose(steps if topology == "one-per-frame" else _diagonals(steps, frames), 0, 1)


def _diagonals(skewed: Tensor, frames: int) -> Tensor:
    """A view (T, N, U + 1) of (K, N, U + 1): what stands at step t + u."""
    step, utterance, place = skewed.stride()
    return torch.as_strided(skewed, (frames, *skewed.shape[1:]), (step, utterance, place + step))


def _nothing(like: Tensor, *shape: int) -> Tensor:
    return torch.full(shape, -torch.inf, dtype=like.dtype, device=like.device)


def _forward(stay: Tensor, move: Tensor) -> Tensor:
    """(K + 1, N, U + 1): log-sum of the ways from the start."""
    steps, utterances, places = stay.shape
    alpha = _nothing(stay, steps + 1, utterances, 1 + places)  # column 0 is no place
    alpha[0, :, 1] = 0.0
    for k in range(steps):
        alpha[k + 1, :, 1:] = alpha[k, :, 1:] + stay[k]
        torch.logaddexp(alpha[k + 1, :, 2:], alpha[k, :, 1:-1] + move[k, :, :-1], out=alpha[k + 1, :, 2:])
    ways: Tensor = alpha[:, :, 1:]
    return ways


def _backward(stay: Tensor, move: Tensor, labels: Tensor) -> Tensor:
    """(K + 1, N, U + 2): log-sum of the ways to the end; the last column is no place."""
    steps, utterances, places = stay.shape
    beta = _nothing(stay, steps + 1, utterances, places + 1)
    beta[steps].scatter_(1, labels[:, None], 0.0)
    for k in range(steps - 1, -1, -1):
        torch.logaddexp(beta[k + 1, :, :-1] + stay[k], beta[k + 1, :, 1:] + move[k], out=beta[k, :, :-1])
    return beta
