"""Family `mwer`: a hybrid model, trained already, tuned by minimum word error rate."""

from __future__ import annotations

from dataclasses import dataclass, field

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.features import FeatureConfig
from fsaasr.recipe.families.setup import Trained, TrainingData
from fsaasr.train.mwer_config import MwerConfig


@dataclass(frozen=True)
class MwerSetup:
    """A training file of the family `mwer`: its sections `features`, as the start model has them, and `training`."""

    __pydantic_config__ = STRICT

    features: FeatureConfig = field(default_factory=FeatureConfig)
    training: MwerConfig = field(default_factory=MwerConfig)

    def train(self, data: TrainingData) -> Trained:
        """Trains the network of the model to start from.

        Raises:
          ConfigError: that model is no hybrid, or has other features.
        """
        from fsaasr.models.hybrid import HybridModel
        from fsaasr.train.mwer import train_mwer

        start, _ = data.start_model()
        if not isinstance(start, HybridModel) or start.features != self.features:
            raise ConfigError(
                f"train_model: {data.start_dir} is of family {start.family!r} with the features {start.features}; the "
                f"family mwer starts from a hybrid, as lf-mmi trains it, with its own features {self.features}"
            )
        trained = train_mwer(
            start,
            data.train_at(self.training.augment.speeds),
            data.lexicon,
            self.training,
            dev=data.dev,
            work_dir=data.work,
            device=data.device,
        )
        return Trained(trained.model, data.lexicon, {"history": [dict(entry) for entry in trained.history]})
