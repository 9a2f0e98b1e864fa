"""Lhotse's bucketing sampler, such that old and new PyTorch construct it."""

from __future__ import annotations

import torch
from lhotse.dataset import DynamicBucketingSampler


class _NoArguments(torch.utils.data.Sampler):  # type: ignore[type-arg]
    """Stands between Lhotse's samplers and PyTorch's base, whose `data_source` PyTorch 1 demands and Lhotse omits."""

    def __init__(self) -> None:
        pass


class BucketingSampler(DynamicBucketingSampler, _NoArguments):  # type: ignore[misc]
    """`lhotse.dataset.DynamicBucketingSampler` itself."""
