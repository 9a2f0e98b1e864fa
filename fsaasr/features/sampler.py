"""Lhotse's bucketing sampler, such that old and new PyTorch construct it."""

from __future__ import annotations

from typing import Any

import torch
from lhotse.dataset import DynamicBucketingSampler


class _AnyArguments(torch.utils.data.Sampler):  # type: ignore[type-arg]
    """Stands between Lhotse's samplers and PyTorch's base, whose `data_source` PyTorch 1 demands and Lhotse omits."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        pass


class BucketingSampler(DynamicBucketingSampler, _AnyArguments):  # type: ignore[misc]
    """`lhotse.dataset.DynamicBucketingSampler` itself."""
