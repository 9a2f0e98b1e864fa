"""Family `lf-mmi`: a hybrid model trained by lattice-free MMI, from a flat start."""

from __future__ import annotations

from dataclasses import dataclass, field

from fsaasr.core.config import STRICT
from fsaasr.features import FeatureConfig
from fsaasr.recipe.families.setup import Trained, TrainingData
from fsaasr.train.sequence_config import LfMmiConfig


@dataclass(frozen=True)
class LfMmiSetup:
    """A training file of the family `lf-mmi`: its sections `features` and `training`."""

    __pydantic_config__ = STRICT

    features: FeatureConfig = field(default_factory=FeatureConfig)
    training: LfMmiConfig = field(default_factory=LfMmiConfig)

    def train(self, data: TrainingData) -> Trained:
        """Trains a network on transcripts; the best epoch on dev data is kept."""
        from fsaasr.train.sequence import train_lf_mmi

        trained = data.train_network(train_lf_mmi, self.training)
        return Trained(trained.model, data.lexicon, {"history": [dict(entry) for entry in trained.history]})
