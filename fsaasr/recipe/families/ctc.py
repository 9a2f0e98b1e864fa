"""Family `ctc`: a network trained with the CTC loss."""

from __future__ import annotations

from dataclasses import dataclass, field

from fsaasr.core.config import STRICT
from fsaasr.features import FeatureConfig
from fsaasr.recipe.families.setup import Trained, TrainingData
from fsaasr.train.ctc_config import CtcTrainConfig


@dataclass(frozen=True)
class CtcSetup:
    """A training file of the family `ctc`: its sections `features` and `training`."""

    __pydantic_config__ = STRICT

    features: FeatureConfig = field(default_factory=FeatureConfig)
    training: CtcTrainConfig = field(default_factory=CtcTrainConfig)

    def train(self, data: TrainingData) -> Trained:
        """Trains a network; the best epoch on dev data is kept. A CTC model to start from lends its encoder."""
        from fsaasr.train.ctc import train_ctc

        trained = data.train_network(train_ctc, self.training, start=data.start_ctc())
        return Trained(trained.model, trained.lexicon, {"history": [dict(entry) for entry in trained.history]})
