"""Family `full-sum`: a hybrid model trained by the sum over all alignments, from a flat start."""

from __future__ import annotations

from dataclasses import dataclass, field

from fsaasr.core.config import STRICT
from fsaasr.features import FeatureConfig
from fsaasr.recipe.families.setup import Trained, TrainingData
from fsaasr.train.sequence_config import FullSumConfig


@dataclass(frozen=True)
class FullSumSetup:
    """A training file of the family `full-sum`: its sections `features` and `training`."""

    __pydantic_config__ = STRICT

    features: FeatureConfig = field(default_factory=FeatureConfig)
    training: FullSumConfig = field(default_factory=FullSumConfig)

    def train(self, data: TrainingData) -> Trained:
        """Trains a network on transcripts; the best epoch on dev data is kept."""
        from fsaasr.train.sequence import train_full_sum

        trained = data.train_network(train_full_sum, self.training)
        return Trained(trained.model, data.lexicon, {"history": [dict(entry) for entry in trained.history]})
