"""What every transducer loss checks of its batch, and how it goes through the lattices piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterator, Optional, Sequence, Tuple

import torch
from torch import Tensor

from fsaasr.core.errors import TrainingError
from fsaasr.train.transducer_lattice import Occupancy, sum_lattice

NUMBERS = {"cpu": 1 << 18, "cuda": 1 << 25}
"""Logits of a piece: what stays in a processor's cache; what keeps a GPU busy."""


@dataclass(frozen=True, eq=False)
class TransducerBatch:
    """Utterances' labels, checked.

    Attributes:
      labels: int64 (N, U) on the device of the logits. frames: N, each 1 .. T. counts: N, each 0 .. U.
      topology: of `fsaasr.models.transducer.TOPOLOGIES`.
    """

    labels: Tensor
    frames: Tuple[int, ...]
    counts: Tuple[int, ...]
    topology: str

    def pieces(self, columns: int) -> Iterator[Tuple[int, slice, slice]]:
        """Utterance, frames and label counts of each piece of the lattices; padding is in none."""
        most = NUMBERS.get(self.labels.device.type, NUMBERS["cuda"])
        for n, (frames, count) in enumerate(zip(self.frames, self.counts)):
            step = max(1, most // ((count + 1) * columns))
            for begin in range(0, frames, step):
                yield n, slice(begin, min(begin + step, frames)), slice(0, count + 1)

    def next_labels(self, n: int) -> Tensor:
        """int64 (U_n + 1,): the label that comes after each number of labels; 0 after the last."""
        return torch.nn.functional.pad(self.labels[n, : self.counts[n]], (0, 1))

    def steps(
        self, logits_of: Callable[[int, slice, slice], Tensor], like: Tensor, columns: int
    ) -> Tuple[Tensor, Tensor]:
        """Log probabilities (N, T, U + 1) of blank and of the next label, as `sum_lattice` takes them.

        They are of float64 where the device has it; arguments are those of `occupancy`.
        """
        exact = torch.float32 if like.device.type == "mps" else torch.float64
        shape = (len(self.frames), max(self.frames), max(self.counts) + 1)
        blank, label = (torch.zeros(shape, dtype=exact, device=like.device) for _ in range(2))
        for n, time, place in self.pieces(columns):
            log_probs = logits_of(n, time, place).log_softmax(dim=2)
            blank[n, time, place] = log_probs[:, :, 0].to(exact)
            after = self.next_labels(n).expand(len(log_probs), -1)[:, :, None]
            label[n, time, place] = log_probs.gather(2, after)[:, :, 0].to(exact)
        return blank, label

    def occupancy(self, logits_of: Callable[[int, slice, slice], Tensor], like: Tensor, columns: int) -> Occupancy:
        """Sums over paths.

        Args:
          logits_of: (frames, labels + 1, C) of a piece.
          like: gives the type and device of the result.
          columns: C.
        """
        blank, label = self.steps(logits_of, like, columns)
        frames, counts = (torch.tensor(sizes, device=like.device) for sizes in (self.frames, self.counts))
        found = sum_lattice(blank, label, frames, counts, self.topology)
        return Occupancy(found.total.to(like), found.blank.to(like), found.label.to(like))

    def slope(self, logits: Tensor, found: Occupancy, piece: Tuple[int, slice, slice], weight: Tensor) -> Tensor:
        """Gradient of `weight * loss` in the logits (frames, labels + 1, C) of a piece."""
        n, time, place = piece
        blank, label = (weight * part[n, time, place] for part in (found.blank, found.label))
        slope: Tensor = logits.softmax(dim=2).mul_((blank + label)[:, :, None])
        slope[:, :, 0] -= blank
        after = self.next_labels(n).expand(len(slope), -1)[:, :, None]
        slope.scatter_add_(2, after, -label[:, :, None])
        return slope


def checked_batch(
    labels: Tensor,
    frames: Tensor,
    counts: Tensor,
    most: Tuple[int, int, int],
    topology: str,
    ids: Optional[Sequence[str]],
    function: str,
) -> TransducerBatch:
    """Raises TrainingError, naming the utterance, for labels and lengths that do not fit.

    Args:
      labels: int (N, U), 1 .. C - 1; not read beyond an utterance's count.
      frames, counts: int (N,). most: N, T and C of the logits.
      topology: as `sum_lattice`. ids: N, for messages; "0", "1", ... if None.
      function: for messages.
    """
    utterances, longest, columns = most
    sizes = tuple(frames.tolist()), tuple(counts.tolist())
    names = tuple(map(str, range(utterances))) if ids is None else tuple(ids)
    if labels.ndim != 2 or not len(labels) == len(sizes[0]) == len(sizes[1]) == len(names) == utterances:
        raise TrainingError(
            f"{function}: {utterances} utterances, labels {tuple(labels.shape)}, {len(sizes[0])} lengths, "
            f"{len(sizes[1])} label counts, {len(names)} ids; give one of each for every utterance"
        )
    rows = labels.tolist()
    for name, length, count, row in zip(names, *sizes, rows):
        if not (1 <= length <= longest and 0 <= count <= labels.shape[1]):
            raise TrainingError(
                f"{function}: utterance {name!r} has {length} frames and {count} labels, expected 1 to {longest} "
                f"and 0 to {labels.shape[1]}"
            )
        if topology == "one-per-frame" and count > length:
            raise TrainingError(
                f"{function}: utterance {name!r} has {count} labels in {length} frames, at most one a frame; drop it, "
                "use less subsampling, or the regular topology"
            )
        if any(not 0 < label < columns for label in row[:count]):
            raise TrainingError(f"{function}: utterance {name!r} has labels {row[:count]}, expected 1 to {columns - 1}")
    return TransducerBatch(labels.long(), *sizes, topology)
