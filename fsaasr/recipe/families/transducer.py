"""Family `transducer`: encoder, prediction network and joiner, trained with the transducer loss."""

from __future__ import annotations

from dataclasses import dataclass, field

from fsaasr.core.config import STRICT
from fsaasr.features import FeatureConfig
from fsaasr.recipe.families.setup import Trained, TrainingData
from fsaasr.train.transducer_config import TransducerTrainConfig


@dataclass(frozen=True)
class TransducerSetup:
    """A training file of the family `transducer`: its sections `features` and `training`."""

    __pydantic_config__ = STRICT

    features: FeatureConfig = field(default_factory=FeatureConfig)
    training: TransducerTrainConfig = field(default_factory=TransducerTrainConfig)

    def train(self, data: TrainingData) -> Trained:
        """Trains a network; the best epoch on dev data is kept. A CTC model to start from lends its encoder."""
        from fsaasr.train.transducer import train_transducer

        trained = data.train_network(train_transducer, self.training, start=data.start_ctc())
        return Trained(trained.model, trained.lexicon, {"history": [dict(entry) for entry in trained.history]})
