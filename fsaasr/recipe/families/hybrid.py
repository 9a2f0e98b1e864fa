"""Family `hybrid`: a network for HMM states, trained on alignments of the model that it starts from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.features import FeatureConfig
from fsaasr.recipe.families.setup import Trained, TrainingData
from fsaasr.train.hybrid_config import HybridTrainConfig


@dataclass(frozen=True)
class HybridSetup:
    """A training file of the family `hybrid`: its sections `features` and `training`."""

    __pydantic_config__ = STRICT

    features: FeatureConfig = field(default_factory=FeatureConfig)
    training: HybridTrainConfig = field(default_factory=HybridTrainConfig)

    def train(self, data: TrainingData) -> Trained:
        """Trains a network with the topology, the tree and the transitions of the model to start from.

        Raises:
          ConfigError: that model has no HMM states with transitions.
        """
        from fsaasr.train.aligned_batch import AlignedBatch
        from fsaasr.train.hybrid import train_hybrid

        start, _ = data.start_model()
        if start.transitions is None:
            raise ConfigError(
                f"train_model: {data.start_dir} is of family {start.family!r}, without HMM states; start the family "
                "hybrid from e.g. gmm, tied-gmm or hybrid"
            )
        dev: Optional[AlignedBatch] = None
        if data.dev is not None and data.dev_path is not None:
            dev = AlignedBatch.from_alignments(data.dev, data.start_alignments(data.dev_path)[0])
        trained = train_hybrid(
            AlignedBatch.from_alignments(data.train_at(self.training.augment.speeds), data.start_alignments()[0]),
            start.topology,
            start.transitions,
            data.lexicon,
            self.features,
            self.training,
            dev=dev,
            work_dir=data.work,
            device=data.device,
        )
        return Trained(trained.model, data.lexicon, {"history": [dict(entry) for entry in trained.history]})
