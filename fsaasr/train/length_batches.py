"""Batches of similar length of features in memory, drawn by Lhotse's sampler."""

from __future__ import annotations

from typing import Dict, List

from fsaasr.core.scores import Seconds
from fsaasr.features import FeatureBatch, bucketing_sampler


class LengthBatches:
    """Each epoch's batches; the same features, duration and seed give the same ones."""

    def __init__(self, features: FeatureBatch, max_duration: Seconds, seed: int) -> None:
        """Prepares the sampler.

        Args:
          features: the utterances.
          max_duration: seconds a batch, at most.
          seed: of the order.
        """
        from lhotse import MonoCut

        self._numbers: Dict[str, int] = {str(n): n for n in range(len(features))}
        # Cuts without recordings: the sampler looks at durations only.
        cuts = [
            MonoCut(name, start=0.0, duration=features.lengths[n] * features.frame_shift, channel=0)
            for name, n in self._numbers.items()
        ]
        self._sampler = bucketing_sampler(cuts, max_duration, seed=seed)

    def of_epoch(self, epoch: int) -> List[List[int]]:
        """Utterance numbers of each batch; every utterance is in one."""
        self._sampler.set_epoch(epoch)
        return [[self._numbers[cut.id] for cut in batch] for batch in self._sampler]
