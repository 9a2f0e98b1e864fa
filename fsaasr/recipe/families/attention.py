"""Family `attention`: an encoder-decoder with attention, trained jointly with a CTC layer."""

from __future__ import annotations

from dataclasses import dataclass, field

from fsaasr.core.config import STRICT
from fsaasr.features import FeatureConfig
from fsaasr.recipe.families.setup import Trained, TrainingData
from fsaasr.train.attention_config import AttentionTrainConfig


@dataclass(frozen=True)
class AttentionSetup:
    """A training file of the family `attention`: its sections `features` and `training`."""

    __pydantic_config__ = STRICT

    features: FeatureConfig = field(default_factory=FeatureConfig)
    training: AttentionTrainConfig = field(default_factory=AttentionTrainConfig)

    def train(self, data: TrainingData) -> Trained:
        """Trains a network; the best epoch on dev data is kept. A CTC model to start from lends its encoder."""
        from fsaasr.train.attention import train_attention

        trained = data.train_network(train_attention, self.training, start=data.start_ctc())
        return Trained(trained.model, trained.lexicon, {"history": [dict(entry) for entry in trained.history]})
