"""Lhotse's bucketing sampler, such that old and new PyTorch construct it."""

from __future__ import annotations

import copy
from typing import Any, Dict

import torch
from lhotse.dataset import DynamicBucketingSampler


class _AnyArguments(torch.utils.data.Sampler):  # type: ignore[type-arg]
    """Stands between Lhotse's samplers and PyTorch's base, whose `data_source` PyTorch 1 demands and Lhotse omits."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        pass


class BucketingSampler(DynamicBucketingSampler, _AnyArguments):  # type: ignore[misc]
    """`lhotse.dataset.DynamicBucketingSampler` itself, but that it leaves the state it is given as it is."""

    def load_state_dict(self, state_dict: Dict[str, Any]) -> None:
        """Continues where `state_dict` was taken."""
        super().load_state_dict(copy.deepcopy(state_dict))
