"""Family `gmm`: mixtures for the states of tokens without context."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict

from fsaasr.core.config import STRICT
from fsaasr.features import FeatureConfig
from fsaasr.recipe.families.setup import Trained, TrainingData
from fsaasr.train import GmmTrainConfig, GmmTraining, train_gmm


@dataclass(frozen=True)
class GmmSetup:
    """A training file of the family `gmm`: its sections `features` and `training`."""

    __pydantic_config__ = STRICT

    features: FeatureConfig = field(default_factory=FeatureConfig)
    training: GmmTrainConfig = field(default_factory=GmmTrainConfig)

    def train(self, data: TrainingData) -> Trained:
        """Trains from a flat start."""
        trained = train_gmm(data.train, data.lexicon, self.features, self.training, work_dir=data.work)
        return Trained(trained.model, data.lexicon, record_of(trained))


def record_of(trained: GmmTraining) -> Dict[str, Any]:
    """What `model.json` keeps of a training of mixtures."""
    return {"history": [dict(entry) for entry in trained.history], "unseen": list(trained.unseen)}
