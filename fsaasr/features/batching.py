"""Batches of equal-length utterances for neural training, drawn by Lhotse's sampler."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Iterable, List, Tuple

from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.core.scores import Seconds
from fsaasr.features.extract import FeatureBatch

if TYPE_CHECKING:
    import torch
    from lhotse import CutSet

    from fsaasr.features.sampler import BucketingSampler


@dataclass(frozen=True)
class PaddedBatch:
    """Features of N utterances, padded to one length with zeros.

    Attributes:
      features: float32 (N, T, F).
      lengths: int64 (N,), frames of each utterance; T is their maximum.
      texts: N transcripts.
      ids: N utterance ids.
    """

    features: torch.Tensor
    lengths: torch.Tensor
    texts: Tuple[str, ...]
    ids: Tuple[str, ...]


def bucketing_sampler(
    cuts: Iterable[Any],
    max_duration: Seconds,
    *,
    shuffle: bool = True,
    seed: int = 0,
    num_buckets: int = 10,
) -> BucketingSampler:
    """Lhotse's sampler over cuts, by buckets of similar duration.

    The same seed and epoch (`sampler.set_epoch(n)`) give the same batches. `sampler.state_dict()` taken
    between two batches and `load_state_dict` on a sampler made alike continue with the next batch.

    Args:
      cuts: Lhotse cuts; copied, as the sampler marks those it hands out.
      max_duration: seconds of audio a batch, at most.
      shuffle: reorder cuts and buckets every epoch.
      seed: of the order.
      num_buckets: how many buckets, fewer where there are few cuts.

    Returns:
      A sampler that yields `CutSet`s; each cut once an epoch, the last batches included.

    Raises:
      CorpusError: no cuts, a repeated id, or a cut longer than max_duration.
      ConfigError: num_buckets or max_duration out of range.
    """
    from fsaasr.features.sampler import BucketingSampler

    if num_buckets < 1 or not max_duration > 0:
        raise ConfigError(f"bucketing_sampler: {num_buckets} buckets of {max_duration} s; expected both > 0")
    listed = [_copy(cut) for cut in cuts]
    if not listed:
        raise CorpusError("bucketing_sampler: no cuts; give at least one")
    seen = set()
    for cut in listed:
        if cut.duration > max_duration:
            raise CorpusError(
                f"bucketing_sampler: cut {cut.id!r} lasts {cut.duration:.2f} s, longer than max_duration "
                f"{max_duration} s; raise max_duration or drop the cut"
            )
        if cut.id in seen:
            raise CorpusError(f"bucketing_sampler: cut id {cut.id!r} occurs twice; make ids unique")
        seen.add(cut.id)
    # A plain list, as a CutSet in memory makes Lhotse warn; explicit edges, as its own need many cuts. In each of
    # several processes it gives every batch: `fit` shares them out.
    return BucketingSampler(
        listed,
        max_duration=max_duration,
        duration_bins=_edges(listed, num_buckets),
        shuffle=shuffle,
        seed=seed,
        world_size=1,
        rank=0,
    )


class FeatureDataset:
    """Turns the cuts of a batch into padded features: a map-style dataset for `DataLoader(..., batch_size=None)`.

    Args:
      source: gives features of a batch's cuts: `batch.select_cuts` for features in memory, or
        `functools.partial(compute_features, config=config)` to extract as one goes.
    """

    def __init__(self, source: Callable[[Iterable[Any]], FeatureBatch]) -> None:
        self._source = source

    def __getitem__(self, cuts: CutSet) -> PaddedBatch:
        """Features of the cuts, in their order."""
        return pad(self._source(cuts))


def pad(batch: FeatureBatch) -> PaddedBatch:
    """One tensor of all matrices, zeros beyond their ends."""
    import torch

    lengths = torch.tensor([len(matrix) for matrix in batch.matrices], dtype=torch.int64)
    features = torch.zeros((len(batch), int(lengths.max()), batch.dim), dtype=torch.float32)
    for row, matrix in zip(features, batch.matrices):
        row[: len(matrix)] = torch.from_numpy(matrix)
    return PaddedBatch(features, lengths, batch.texts, batch.ids)


def _copy(cut: Any) -> Any:
    from lhotse.cut import MixedCut
    from lhotse.utils import fastcopy

    return copy.deepcopy(cut) if isinstance(cut, MixedCut) else fastcopy(cut, custom=dict(cut.custom or {}))


def _edges(cuts: List[Any], num_buckets: int) -> List[Seconds]:
    """Durations that divide the cuts into buckets of about equal total duration."""
    durations = sorted(cut.duration for cut in cuts)
    share = sum(durations) / num_buckets
    edges: List[Seconds] = []
    total = 0.0
    for before, duration in zip([0.0, *durations], durations):
        if total >= share * (len(edges) + 1) and duration > before and len(edges) < num_buckets - 1:
            edges.append(duration)
        total += duration
    # Lhotse cannot do with a single bucket; one that stays empty does no harm.
    return edges or [durations[-1] + 1.0]
