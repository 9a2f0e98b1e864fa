"""Family `tied-gmm`: mixtures for the states of tokens in context, tied by a tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from fsaasr.core.config import STRICT
from fsaasr.features import FeatureConfig
from fsaasr.models import GmmModel
from fsaasr.models.speaker_adaptation import AdaptationConfig
from fsaasr.recipe.families.gmm import record_of
from fsaasr.recipe.families.setup import Trained, TrainingData
from fsaasr.train import GmmTrainConfig
from fsaasr.train.tied_gmm import TiedGmmConfig, train_tied_gmm
from fsaasr.train.transform_estimation import TransformConfig
from fsaasr.train.tree_config import TreeConfig


@dataclass(frozen=True)
class TiedGmmSetup:
    """A training file of the family `tied-gmm`: its sections are `features` and those of `TiedGmmConfig`."""

    __pydantic_config__ = STRICT

    features: FeatureConfig = field(default_factory=FeatureConfig)
    tree: TreeConfig = field(default_factory=TreeConfig)
    training: GmmTrainConfig = field(default_factory=GmmTrainConfig)
    transform: Optional[TransformConfig] = None
    speaker_adaptation: Optional[AdaptationConfig] = None

    def train(self, data: TrainingData) -> Trained:
        """Trains from the alignments of the model to start with."""
        aligned, columns = data.start_alignments()
        start, _ = data.start_model()
        trained = train_tied_gmm(
            data.train,
            aligned,
            columns,
            data.lexicon,
            self.features,
            TiedGmmConfig(self.tree, self.training, self.transform, self.speaker_adaptation),
            start=start if isinstance(start, GmmModel) else None,
            work_dir=data.work,
        )
        return Trained(trained.model, data.lexicon, record_of(trained))
